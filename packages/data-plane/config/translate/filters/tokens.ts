import type { TokenAuthentication, TokenProvider, TokenRequirement } from '@tulle/decision/tables/tokens';
import type { jwt_authn_JwtProvider, jwt_authn_JwtRequirement, Messages } from '@tulle/xds/wire';
import { translateMatch } from '../routes/route-match.ts';
import { join, type Problems } from '../values/problems.ts';

export const tokensName = 'envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication';

type Providers = ReadonlyMap<string, TokenProvider>;

/** Envoy's. */
const defaultSkewSeconds = 60;

/** envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication. */
export function translateTokens(
  { providers, rules, bypassCorsPreflight, stripFailureResponse }: Messages[typeof tokensName],
  path: string,
  problems: Problems,
): TokenAuthentication {
  const known: Providers = new Map(
    [...providers].map(([name, provider]) => [
      name,
      translateProvider(name, provider, join(path, `providers[${name}]`), problems),
    ]),
  );
  return {
    rules: rules.map(({ match, requires }, i) => {
      const at = join(path, `rules[${i}]`);
      return {
        match: translateMatch(match, `${at}.match`, problems),
        requirement: requires && translateRequirement(requires, known, [], `${at}.requires`, problems),
      };
    }),
    passesPreflights: bypassCorsPreflight,
    isSilent: stripFailureResponse,
  };
}

function translateProvider(
  name: string,
  provider: jwt_authn_JwtProvider,
  path: string,
  problems: Problems,
): TokenProvider {
  const { inlineString, inlineBytes, filename } = provider.localJwks ?? {};
  if (filename !== undefined) problems.add(`${path}.local_jwks.filename`, 'is not supported');
  const keySet = inlineString ?? (inlineBytes && Buffer.from(inlineBytes).toString('utf8')) ?? '';
  return {
    name,
    issuer: provider.issuer,
    audiences: provider.audiences,
    keySet,
    headers: provider.fromHeaders.map(({ name: header, valuePrefix: prefix }) => ({
      name: header.toLowerCase(),
      prefix,
    })),
    parameters: provider.fromParams,
    cookies: provider.fromCookies,
    isForwarded: provider.forward,
    payloadHeader: provider.forwardPayloadHeader.toLowerCase(),
    padsPayload: provider.padForwardPayloadHeader,
    claimHeaders: provider.claimToHeaders.map(({ headerName, claimName }) => ({
      header: headerName.toLowerCase(),
      claim: claimName.split('.'),
    })),
    metadataKey: provider.payloadInMetadata,
    wordLists: provider.normalizePayloadInMetadata?.spaceDelimitedClaims ?? [],
    clockSkewSeconds: provider.clockSkewSeconds || defaultSkewSeconds,
    clearsRoute: provider.clearRouteCache,
  };
}

/** @param besides the providers that are asked for beside it: whose tokens may be missing */
function translateRequirement(
  requirement: jwt_authn_JwtRequirement,
  known: Providers,
  besides: readonly TokenProvider[],
  path: string,
  problems: Problems,
): TokenRequirement {
  const { providerName, requiresAny, requiresAll, allowMissing, allowMissingOrFailed } = requirement;
  if (providerName !== undefined) {
    const provider = known.get(providerName);
    if (provider !== undefined) return { kind: 'provider', provider };
    problems.add(`${path}.provider_name`, `there is no provider "${providerName}"`);
  }
  if (allowMissing !== undefined) return { kind: 'allow-missing', besides };
  if (allowMissingOrFailed !== undefined) return { kind: 'allow-missing-or-failed' };
  const group = requiresAny ?? requiresAll;
  const field = requiresAny === undefined ? 'requires_all' : 'requires_any';
  const requirements = group?.requirements ?? [];
  const named = requirements.flatMap(({ providerName: name }) => known.get(name ?? '') ?? []);
  // What may be missing is looked at last, as in Envoy.
  const ordered =
    requiresAny === undefined ? requirements : requirements.toSorted((a, b) => rank(a) - rank(b));
  return {
    kind: requiresAny === undefined ? 'all' : 'any',
    of: ordered.map((one, i) =>
      translateRequirement(one, known, requiresAny ? named : [], `${path}.${field}[${i}]`, problems),
    ),
  };
}

const rank = ({ allowMissing, allowMissingOrFailed }: jwt_authn_JwtRequirement): number =>
  allowMissing === undefined && allowMissingOrFailed === undefined ? 0 : 1;
