import type { SubstitutionContext } from '../substitution.ts';
import type { HeaderMutation } from './header-mutation.ts';
import type { HeaderMatch } from './route.ts';

/** Envoy's envoy.type.v3.TokenBucket, filled continuously. */
export interface TokenBucketSettings {
  /** What may be taken at once; also what there is at first. */
  readonly maxTokens: number;
  readonly tokensPerFill: number;
  readonly fillIntervalMs: number;
}

/** Adds one entry to what a request is counted as. A request without the entry is not counted by its rule. */
export type DescriptorAction =
  /** Never empty, so that leaving a header out is no way around a limit: the text has a fixed part. */
  | {
      readonly kind: 'text';
      readonly key: string;
      readonly render: string | ((context: SubstitutionContext) => string);
    }
  | {
      readonly kind: 'header';
      readonly key: string;
      readonly name: string;
      /** Without the header the rule goes on without this entry. */
      readonly skipIfAbsent: boolean;
    }
  | {
      readonly kind: 'header-match';
      readonly key: string;
      readonly value: string;
      readonly expect: boolean;
      readonly headers: readonly HeaderMatch[];
    }
  /** A text that a filter has learnt of the request; `absent` (if not empty) for those without. */
  | {
      readonly kind: 'metadata';
      readonly key: string;
      readonly filter: string;
      readonly path: readonly string[];
      readonly absent: string;
      readonly skipIfAbsent: boolean;
    }
  /** The client's address, as far as its network; 32 and 128: all of it. */
  | { readonly kind: 'client-address'; readonly key: string; readonly bits4: number; readonly bits6: number };

/** envoy.config.route.v3.RateLimit: one thing that a request is counted as. */
export interface DescriptorRule {
  readonly stage: number;
  readonly actions: readonly DescriptorAction[];
}

export interface DescriptorEntry {
  readonly key: string;
  /** Empty: any value, each with a bucket of its own. */
  readonly value: string;
}

/** What both kinds of rate limit answer with. */
export interface LimitReply {
  readonly status: number;
  readonly responseHeaders: HeaderMutation;
  /** gRPC: RESOURCE_EXHAUSTED instead of UNAVAILABLE. */
  readonly resourceExhausted: boolean;
  /** x-ratelimit-limit, -remaining, -reset. */
  readonly rateLimitHeaders: boolean;
  /** Retry-After, in seconds. */
  readonly retryAfter: boolean;
}

/** envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit. */
export interface LocalRateLimit extends LimitReply {
  /** Tells the buckets of limits apart. */
  readonly name: string;
  /** Millionths of requests that are counted, and of those that are too many how many are refused. */
  readonly enabled: number;
  readonly enforced: number;
  readonly perConnection: boolean;
  readonly stage: number;
  /** For requests that no descriptor is for, or for all. */
  readonly bucket?: TokenBucketSettings;
  readonly alwaysBucket: boolean;
  readonly descriptors: readonly {
    readonly entries: readonly DescriptorEntry[];
    readonly bucket: TokenBucketSettings;
  }[];
  /** Buckets made for values that came; the least recently used is forgotten. */
  readonly maxDynamic: number;
  /** Instead of the route's. */
  readonly rules: readonly DescriptorRule[];
  readonly unenforcedHeaders: HeaderMutation;
}

/** envoy.extensions.filters.http.ratelimit.v3.RateLimit: a service counts, for all proxies together. */
export interface GlobalRateLimit extends LimitReply {
  readonly domain: string;
  /** Where the service is. */
  readonly cluster: string;
  /** Envoy's default: 20 ms. */
  readonly timeoutMs: number;
  /** A service that does not answer refuses. */
  readonly failureDeny: boolean;
  readonly statusOnError: number;
  /** Refusals say x-envoy-ratelimited. */
  readonly saysRateLimited: boolean;
  /** Millionths, as of LocalRateLimit; Envoy's default: all. */
  readonly enabled: number;
  readonly enforced: number;
  readonly stage: number;
  /** Instead of the route's. */
  readonly rules: readonly DescriptorRule[];
}
