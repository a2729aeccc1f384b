import type { HeaderMutation } from './header-mutation.ts';
import type { DescriptorRule } from './rate-limit.ts';
import type { RetryPolicy } from './retry-policy.ts';

export type RouteAction =
  | ForwardAction
  | {
      readonly kind: 'redirect';
      readonly status: 301 | 302 | 303 | 307 | 308;
      readonly scheme?: string;
      readonly host?: string;
      readonly port?: number;
      readonly path?: PathRewrite;
      readonly stripQuery: boolean;
    }
  | { readonly kind: 'direct'; readonly status: number; readonly body: string | Uint8Array };

export interface ForwardAction {
  readonly kind: 'forward';
  readonly clusters: readonly WeightedCluster[];
  readonly totalWeight: number;
  readonly path?: PathRewrite;
  readonly host?: { readonly kind: 'literal'; readonly value: string } | { readonly kind: 'auto' };
  /** A rewritten host leaves the original in x-forwarded-host. */
  readonly appendForwardedHost: boolean;
  /** Whole request to whole response; 0: none. Envoy's default is 15 s, Istio sends 0. */
  readonly timeoutMs: number;
  /** max_grpc_timeout: gRPC calls wait as long as they say, at most so long; 0: any time. Undefined: timeoutMs. */
  readonly maxGrpcTimeoutMs?: number;
  /** Between bytes of a stream; undefined: the manager's. */
  readonly idleTimeoutMs?: number;
  readonly retry?: RetryPolicy;
  /** hedge_on_per_try_timeout: an attempt that is late goes on beside the next one; the first good answer counts. */
  readonly hedge?: boolean;
  readonly mirrors: readonly { readonly cluster: string; readonly fraction: number }[];
  readonly upgrades: readonly string[];
  readonly hashPolicy: readonly HashPolicy[];
  /** What rate limits count its requests as; undefined: nothing. */
  readonly rateLimits?: readonly DescriptorRule[];
  /** Overrides the virtual host's priority of circuit-breaker thresholds. */
  readonly priority: 'default' | 'high';
  /** Status when the cluster is unknown: 404, 500 or 503 (Envoy's default). */
  readonly clusterNotFoundStatus: number;
}

export interface WeightedCluster {
  readonly name: string;
  readonly weight: number;
  readonly requestHeaders: HeaderMutation;
  readonly responseHeaders: HeaderMutation;
}

export type PathRewrite =
  | { readonly kind: 'prefix'; readonly value: string }
  | { readonly kind: 'full'; readonly value: string }
  | { readonly kind: 'regex'; readonly replace: (path: string) => string };

export interface HashPolicy {
  readonly kind: 'header' | 'cookie' | 'source-ip' | 'query';
  readonly name: string;
  /** Of a cookie: one is made with it for who brings none; 0: for the session. */
  readonly ttlMs?: number;
  readonly path?: string;
  /** More of the cookie that is made. */
  readonly attributes?: readonly { readonly name: string; readonly value: string }[];
  readonly terminal: boolean;
}
