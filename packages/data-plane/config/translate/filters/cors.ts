import type { CorsRule } from '@tulle/decision/tables/cors';
import type { Messages } from '@tulle/xds/wire';
import { millionths } from '../values/fraction.ts';
import { join, type Problems } from '../values/problems.ts';
import { translateStringMatcher } from '../values/string-match.ts';

export const corsName = 'envoy.extensions.filters.http.cors.v3.Cors';
export const corsPolicyName = 'envoy.extensions.filters.http.cors.v3.CorsPolicy';

/** envoy.extensions.filters.http.cors.v3.CorsPolicy; Envoy's defaults for what it does not say. */
export function translateCors(
  policy: Messages[typeof corsPolicyName],
  path: string,
  problems: Problems,
): CorsRule {
  const origins = policy.allowOriginStringMatch.map((matcher, i) =>
    translateStringMatcher(matcher, join(path, `allow_origin_string_match[${i}]`), problems),
  );
  // Envoy: what matches `*` matches all.
  const any = origins.some((test) => test('*'));
  return {
    allowsOrigin: any ? () => true : (origin) => origins.some((test) => test(origin)),
    methods: policy.allowMethods,
    headers: policy.allowHeaders,
    exposed: policy.exposeHeaders,
    maxAge: policy.maxAge,
    credentials: policy.allowCredentials ?? false,
    privateNetwork: policy.allowPrivateNetworkAccess ?? false,
    forwardsUnmatched: policy.forwardNotMatchingPreflights ?? true,
    fraction: policy.filterEnabled === undefined ? 1_000_000 : millionths(policy.filterEnabled),
  };
}
