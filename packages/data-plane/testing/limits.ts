import type { GlobalRateLimit, LocalRateLimit, TokenBucketSettings } from '@tulle/decision/tables/rate-limit';

const none = { set: [], add: [], remove: [] } as const;

export const perSecond = (tokens: number): TokenBucketSettings => ({
  maxTokens: tokens,
  tokensPerFill: tokens,
  fillIntervalMs: 1_000,
});

/** A limit that refuses what is too much, by nothing that is told. */
export function localRateLimit(more: Partial<LocalRateLimit> = {}): LocalRateLimit {
  return {
    name: 'limit',
    status: 429,
    responseHeaders: none,
    resourceExhausted: false,
    rateLimitHeaders: false,
    retryAfter: false,
    enabled: 1_000_000,
    enforced: 1_000_000,
    perConnection: false,
    stage: 0,
    alwaysBucket: false,
    descriptors: [],
    maxDynamic: 20,
    rules: [],
    unenforcedHeaders: none,
    ...more,
  };
}

/** A limit that `service` counts. */
export function globalRateLimit(more: Partial<GlobalRateLimit> = {}): GlobalRateLimit {
  return {
    domain: 'tulle',
    cluster: 'service',
    timeoutMs: 100,
    failureDeny: false,
    statusOnError: 500,
    saysRateLimited: true,
    status: 429,
    responseHeaders: none,
    resourceExhausted: false,
    rateLimitHeaders: false,
    retryAfter: false,
    enabled: 1_000_000,
    enforced: 1_000_000,
    stage: 0,
    rules: [],
    ...more,
  };
}
