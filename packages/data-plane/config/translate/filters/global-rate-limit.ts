import type { GlobalRateLimit } from '@tulle/decision/tables/rate-limit';
import type { ratelimit_RateLimit } from '@tulle/xds/wire';
import { translateDescriptorRules } from '../routes/rate-limit-rule.ts';
import { milliseconds } from '../values/duration.ts';
import { millionths } from '../values/fraction.ts';
import { translateMutations } from '../values/header-mutation.ts';
import { refusalStatus } from '../values/http-status.ts';
import { join, type Problems } from '../values/problems.ts';

export const globalRateLimitName = 'envoy.extensions.filters.http.ratelimit.v3.RateLimit';

const everything = 1_000_000;
/** Envoy's default. */
const defaultTimeoutMs = 20;

export function translateGlobalRateLimit(
  limit: ratelimit_RateLimit,
  path: string,
  problems: Problems,
): GlobalRateLimit {
  const { domain, filterEnabled, filterEnforced } = limit;
  const grpc = limit.rateLimitService?.grpcService;
  const cluster = grpc?.envoyGrpc?.clusterName ?? '';
  if (domain === '') problems.add(join(path, 'domain'), 'must not be empty');
  if (cluster === '')
    problems.add(join(path, 'rate_limit_service.grpc_service.envoy_grpc'), 'must name a cluster');
  return {
    domain,
    cluster,
    timeoutMs: milliseconds(limit.timeout, defaultTimeoutMs, join(path, 'timeout'), problems),
    failureDeny: limit.failureModeDeny,
    statusOnError: refusalStatus(limit.statusOnError, 500),
    saysRateLimited: !limit.disableXEnvoyRatelimitedHeader,
    status: refusalStatus(limit.rateLimitedStatus, 429),
    responseHeaders: translateMutations(
      {
        requestHeadersToAdd: [],
        requestHeadersToRemove: [],
        responseHeadersToAdd: limit.responseHeadersToAdd,
        responseHeadersToRemove: [],
      },
      path,
      problems,
    ).responseHeaders,
    resourceExhausted: limit.rateLimitedAsResourceExhausted,
    rateLimitHeaders: limit.enableXRatelimitHeaders === 'DRAFT_VERSION_03',
    retryAfter: limit.enableRetryAfterHeader,
    enabled: filterEnabled === undefined ? everything : millionths(filterEnabled),
    enforced: filterEnforced === undefined ? everything : millionths(filterEnforced),
    stage: limit.stage,
    rules: translateDescriptorRules(limit.rateLimits, join(path, 'rate_limits'), problems),
  };
}
