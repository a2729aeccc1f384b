import { JwtAuthenticationSchema } from '@tulle/xds/gen/envoy/extensions/filters/http/jwt_authn/v3/config_pb.js';
import type { Origin } from '@tulle/xds/resource';
import type { ConfigModel } from '../../../model/model.ts';
import type { TokenRule } from '../../../model/security/request-authentication.ts';
import { cached, cachedByName } from '../../messages/cached.ts';
import { contentHash } from '../../messages/content-hash.ts';
import { extension } from '../../messages/extension.ts';
import { any } from '../../messages/serialize.ts';
import { type Note, note } from '../../note.ts';
import { connectRequests, everyPath } from '../../routes/route-match.ts';
import type { HttpFilter } from '../http-filters.ts';
import { jwtFilterName } from './names.ts';
import { provider } from './provider.ts';
import { requirementOf } from './requirement.ts';

/** Whose tokens one HTTP connection manager verifies. */
export interface ManagerTokens {
  /** The same for the same rules and keys. */
  readonly key: string;
  readonly filters: readonly HttpFilter[];
  readonly origins: readonly Origin[];
  readonly notes: readonly Note[];
}

const noTokens: ManagerTokens = { key: '', filters: [], origins: [], notes: [] };

const made = new WeakMap<ConfigModel, Map<string, ManagerTokens>>();

/** What comes in at a workload or through a gateway: not what applications ask of others. */
export function managerTokens(
  config: ConfigModel,
  { NAMESPACE, LABELS }: { readonly NAMESPACE: string; readonly LABELS: Readonly<Record<string, string>> },
  side: 'inbound' | 'gateway',
): ManagerTokens {
  const rules = config.requestAuthentications.ofWorkload(NAMESPACE, LABELS);
  if (rules.length === 0) return noTokens;
  const ofConfig = cached(made, config, () => new Map<string, ManagerTokens>());
  const names = rules.map(({ origin }) => `${origin.namespace}/${origin.name}/${origin.path}`);
  return cachedByName(ofConfig, `${side} ${names.join(' ')}`, () => make(config, rules, side === 'gateway'));
}

function make({ keySets }: ConfigModel, rules: readonly TokenRule[], routesByClaims: boolean): ManagerTokens {
  // Istio's names, for who patches them by EnvoyFilter.
  const named = rules.map((rule, index) => ({ rule, name: `origins-${index}` }));
  const requirement = requirementOf(
    named.map(({ rule, name }) => ({ provider: name, isRequired: rule.spec.presence === 'REQUIRED' })),
  );
  const value = any(JwtAuthenticationSchema, {
    providers: Object.fromEntries(
      named.map(({ rule, name }) => [name, provider(rule, keySets, routesByClaims)]),
    ),
    // Whatever is asked for: `OPTIONS *` and CONNECT have no path that begins with a slash.
    rules: [everyPath, connectRequests].map((match) => ({
      match,
      requirementType: { case: 'requires' as const, value: requirement },
    })),
    bypassCorsPreflight: true,
  });
  return {
    key: contentHash(value.value),
    filters: [extension(jwtFilterName, value)],
    origins: rules.map(({ origin }) => origin),
    notes: rules.flatMap(({ keys, origin }) =>
      keys === undefined || keySets.has(keys.url)
        ? []
        : [
            note(
              origin,
              'no-keys',
              `its keys are not known: ${keys.url} has not answered with a key set; tokens are refused`,
            ),
          ],
    ),
  };
}
