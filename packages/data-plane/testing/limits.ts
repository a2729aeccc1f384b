import type { GlobalRateLimit } from '@tulle/decision/tables/rate-limit';

const none = { set: [], add: [], remove: [] } as const;

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
