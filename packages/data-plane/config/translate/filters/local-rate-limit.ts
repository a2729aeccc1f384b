import type { LocalRateLimit, TokenBucketSettings } from '@tulle/decision/tables/rate-limit';
import type { local_ratelimit_LocalRateLimit, type_TokenBucket } from '@tulle/xds/wire';
import { translateDescriptorRules } from '../routes/rate-limit-rule.ts';
import { milliseconds } from '../values/duration.ts';
import { millionths } from '../values/fraction.ts';
import { translateMutations } from '../values/header-mutation.ts';
import { refusalStatus } from '../values/http-status.ts';
import { join, type Problems } from '../values/problems.ts';

export const localRateLimitName = 'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit';

/** Envoy's defaults. */
const defaultStatus = 429;
const defaultMaxDynamic = 20;

/** Envoy's name for buckets is the listener's and filter's; ours the stat_prefix: what has one shares its buckets. */
export function translateLocalRateLimit(
  limit: local_ratelimit_LocalRateLimit,
  path: string,
  problems: Problems,
): LocalRateLimit {
  const { statPrefix, tokenBucket, status, descriptors } = limit;
  if (statPrefix === '') problems.add(join(path, 'stat_prefix'), 'must not be empty');
  const { requestHeaders, responseHeaders } = translateMutations(
    {
      requestHeadersToAdd: limit.requestHeadersToAddWhenNotEnforced,
      requestHeadersToRemove: [],
      responseHeadersToAdd: limit.responseHeadersToAdd,
      responseHeadersToRemove: [],
    },
    path,
    problems,
  );
  return {
    name: statPrefix,
    status: refusalStatus(status, defaultStatus),
    responseHeaders,
    resourceExhausted: limit.rateLimitedAsResourceExhausted,
    rateLimitHeaders: limit.enableXRatelimitHeaders === 'DRAFT_VERSION_03',
    retryAfter: limit.enableRetryAfterHeader,
    enabled: limit.filterEnabled === undefined ? 0 : millionths(limit.filterEnabled),
    enforced: limit.filterEnforced === undefined ? 0 : millionths(limit.filterEnforced),
    perConnection: limit.localRateLimitPerDownstreamConnection,
    stage: limit.stage,
    ...(tokenBucket === undefined
      ? {}
      : { bucket: translateTokenBucket(tokenBucket, join(path, 'token_bucket'), problems) }),
    alwaysBucket: limit.alwaysConsumeDefaultTokenBucket ?? true,
    descriptors: descriptors.map(({ entries, tokenBucket: bucket }, i) => {
      const at = join(path, `descriptors[${i}]`);
      if (entries.length === 0) problems.add(`${at}.entries`, 'must not be empty');
      return { entries, bucket: translateTokenBucket(bucket, `${at}.token_bucket`, problems) };
    }),
    maxDynamic: limit.maxDynamicDescriptors ?? defaultMaxDynamic,
    rules: translateDescriptorRules(limit.rateLimits, join(path, 'rate_limits'), problems),
    unenforcedHeaders: requestHeaders,
  };
}

function translateTokenBucket(
  bucket: type_TokenBucket | undefined,
  path: string,
  problems: Problems,
): TokenBucketSettings {
  const { maxTokens = 0, tokensPerFill = 1, fillInterval } = bucket ?? {};
  const fillIntervalMs = milliseconds(fillInterval, 0, `${path}.fill_interval`, problems);
  if (maxTokens < 1) problems.add(`${path}.max_tokens`, 'must be greater than 0');
  if (tokensPerFill < 1) problems.add(`${path}.tokens_per_fill`, 'must be greater than 0');
  if (fillIntervalMs < 50) problems.add(`${path}.fill_interval`, 'must be at least 50ms');
  return { maxTokens, tokensPerFill, fillIntervalMs };
}
