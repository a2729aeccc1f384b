import { requestMatches } from '@tulle/decision/match';
import type { RouteMatch } from '@tulle/decision/tables/route';
import type { TokenAuthentication } from '@tulle/decision/tables/tokens';
import type { RequestHead } from '../../http/stream.ts';
import { FilterStatus, type FilterStream } from '../filter.ts';
import type { FilterKind } from '../filter-kind.ts';
import { describeTokens } from './describe.ts';
import type { Learnt } from './provider.ts';
import { refusal } from './refusal.ts';
import { type Check, compileRequirement, Providers } from './requirement.ts';

interface Rule {
  readonly match: RouteMatch;
  readonly check: Check | undefined;
}

/** Where Envoy's metadata has what this filter has learnt. */
const jwtMetadata = 'envoy.filters.http.jwt_authn';

export const jwtAuthnFilter: FilterKind = {
  typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication',
  create(config, { random }) {
    const { rules, passesPreflights, isSilent } = config as TokenAuthentication;
    const providers = new Providers();
    const checks = rules.map(
      ({ match, requirement }): Rule => ({
        match,
        check: requirement && compileRequirement(requirement, providers),
      }),
    );
    const { ownHeaders } = providers;
    return {
      decodeHeaders(head, _end, stream) {
        for (const name of ownHeaders) head.headers.remove(name);
        if (passesPreflights && isPreflight(head)) return FilterStatus.Continue;
        const rule = checks.find(({ match }) => requestMatches(match, head, random));
        return rule?.check === undefined
          ? FilterStatus.Continue
          : authenticate(rule.check, head, stream, isSilent);
      },
    };
  },
  describe: (config) => describeTokens(config as TokenAuthentication),
};

function authenticate(
  check: Check,
  head: RequestHead,
  stream: FilterStream,
  isSilent: boolean,
): FilterStatus {
  const { info } = stream;
  const asked = head.path;
  const learnt: Learnt = { claims: {}, clearsRoute: false };
  const fault = check(head, learnt, Math.floor(info.startedAt / 1000));
  if (fault !== undefined) return stream.reply(refusal(fault, head, isSilent));
  head.metadata = { ...head.metadata, [jwtMetadata]: learnt.claims };
  // A token that was taken out is not for logs either.
  if (head.path !== asked) info.path = head.path;
  if (learnt.clearsRoute) stream.clearRoute();
  return FilterStatus.Continue;
}

/** Fetch standard: who asks for leave brings no credentials. */
const isPreflight = ({ method, headers }: RequestHead): boolean =>
  method === 'OPTIONS' && headers.has('origin') && headers.has('access-control-request-method');
