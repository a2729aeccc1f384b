import type { LocalRateLimit, TokenBucketSettings } from '../tables/rate-limit.ts';

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
