import type { Origin } from '@tulle/xds/resource';
import type { ConfigModel } from '../../../model/model.ts';
import { resourceKey } from '../../../model/origin.ts';
import { unknownHost, unknownPort } from '../../../model/problems.ts';
import { findPort } from '../../../model/services/service.ts';
import type { LimitIndex, LimitPolicy } from '../../../model/traffic/limits.ts';
import { cached, cachedByName } from '../../messages/cached.ts';
import { type Note, note } from '../../note.ts';
import type { Engine } from '../../proxy.ts';
import type { HttpFilter } from '../http-filters.ts';
import { bandwidthFilters, bandwidthNotes } from './bandwidth.ts';
import { isGlobal, stageOf } from './descriptors.ts';
import { type RateLimitServiceRef, serviceRef } from './global-rate-limit.ts';
import { type RateLimitPolicy, rateLimitFilters } from './rate-limit.ts';

/** The limits of one HTTP connection manager. */
export interface ManagerLimits {
  /** The same for the same limits. */
  readonly key: string;
  readonly filters: readonly HttpFilter[];
  readonly origins: readonly Origin[];
  readonly notes: readonly Note[];
  /** What its filters call. */
  readonly services: readonly RateLimitServiceRef[];
}

const noLimits: ManagerLimits = { key: '', filters: [], origins: [], notes: [], services: [] };

type Labels = Readonly<Record<string, string>>;

/** What a manager is for. */
export interface LimitScope {
  readonly namespace: string;
  readonly labels: Labels;
  readonly direction: 'INBOUND' | 'OUTBOUND';
  /** Whether routes of a Gateway or VirtualService are among its own, by `resourceKey`. */
  readonly hasRoutesOf: (key: string) => boolean;
}

const made = new WeakMap<ConfigModel, Map<string, ManagerLimits>>();

/** The limit filters of a manager, made once for all that have the same. */
export function managerLimits(config: ConfigModel, scope: LimitScope, engine: Engine): ManagerLimits {
  const { rate, bandwidth } = config.limits;
  const fits = ({ targets }: LimitPolicy): boolean => targets.some(({ key }) => scope.hasRoutesOf(key));
  const found = <Spec>(index: LimitIndex<Spec>): LimitPolicy<Spec>[] => [
    ...index.ofWorkload(scope.namespace, scope.labels, scope.direction),
    ...index.ofRoutes.filter(fits),
  ];
  const policies = found(rate);
  const rates = found(bandwidth);
  if (policies.length + rates.length === 0) return noLimits;
  const key = [...policies, ...rates].map(({ origin }) => resourceKey(origin)).join(' ');
  const ofConfig = cached(made, config, () => new Map<string, ManagerLimits>());
  return cachedByName(ofConfig, `${engine} ${scope.namespace} ${key}`, () => {
    const seen = policies.map((policy) => ({
      policy,
      unknown: unknownService(config, scope.namespace, policy),
      excess: oneTooMany(config, policy),
    }));
    const sent = seen.filter(({ policy, unknown, excess }) => !excess && (!unknown || failsClosed(policy)));
    const able = sent.map(({ policy }) => policy);
    return {
      key,
      // Who refuses comes before who waits.
      filters: [
        ...sent.flatMap(({ policy, unknown }) =>
          rateLimitFilters(
            policy,
            engine,
            stageOf(config.limits.rate.ofRoutes, policy) ?? 0,
            unknown === undefined,
          ),
        ),
        ...rates.flatMap((policy) => bandwidthFilters(policy, engine)),
      ],
      origins: [...able, ...rates].map(({ origin }) => origin),
      notes: [
        ...seen.flatMap(({ unknown, excess }) => unknown ?? excess ?? []),
        ...able.flatMap((policy) => notesOf(policy, engine)),
        ...rates.flatMap((policy) => bandwidthNotes(policy, engine, false)),
      ],
      services: able.filter(isGlobal).map(serviceRef),
    };
  });
}

/** Without its service it refuses everything: it is sent, though there is nobody to ask. */
const failsClosed = (policy: RateLimitPolicy): boolean =>
  isGlobal(policy) && policy.spec.service?.onFailure === 'DENY';

/** A policy whose service is not known limits nothing, or refuses everything. */
function unknownService(config: ConfigModel, namespace: string, policy: RateLimitPolicy): Note | undefined {
  if (!isGlobal(policy)) return undefined;
  const { host, port } = serviceRef(policy);
  const service = config.services.visible(host, namespace);
  const dead =
    service === undefined
      ? unknownHost(host)
      : findPort(service, port) === undefined
        ? unknownPort(service, port)
        : undefined;
  const outcome = failsClosed(policy) ? 'all requests are refused' : 'nothing is limited';
  return dead && note(policy.origin, dead.code, `${dead.message}: ${outcome}`, 'spec.service');
}

function oneTooMany({ limits }: ConfigModel, policy: RateLimitPolicy): Note | undefined {
  if (stageOf(limits.rate.ofRoutes, policy) !== undefined) return undefined;
  const message = 'ten policies of scope MESH for routes are all that a mesh may have: nothing is limited';
  return note(policy.origin, 'not-supported', message, 'spec.scope');
}

function notesOf({ origin, spec }: RateLimitPolicy, engine: Engine): Note[] {
  const fields = spec.response?.rateLimitHeaders;
  if (engine === 'tulle' || fields === undefined || fields === 'NONE' || fields === 'X_RATELIMIT') return [];
  const message = 'an Envoy says x-ratelimit-limit, -remaining and -reset instead';
  return [note(origin, 'not-supported', message, 'spec.response.rateLimitHeaders')];
}
