import type { Endpoint } from './endpoint.ts';
import type { HealthCheck } from './health-check.ts';
import type { Http2Options } from './http-manager.ts';
import type { ProxyProtocolVersion } from './listener.ts';
import type { UpstreamTls } from './tls.ts';

export interface Cluster {
  readonly name: string;
  readonly statName: string;
  readonly discovery: /** Endpoints by EDS under this name. */
    | { readonly kind: 'eds'; readonly name: string }
    | { readonly kind: 'static'; readonly endpoints: readonly Endpoint[] }
    /** Each name is resolved again as its records expire. */
    | {
        readonly kind: 'strict-dns';
        readonly endpoints: readonly Endpoint[];
        /** How often they are asked for again; undefined: a default. */
        readonly refreshMs?: number;
      }
    /** One name, which each new connection resolves; those that are open stay where they are. */
    | {
        readonly kind: 'logical-dns';
        readonly endpoints: readonly Endpoint[];
        /** How old an answer may be. */
        readonly refreshMs?: number;
      }
    /** The address that the request names: hosts outside the mesh. */
    | { readonly kind: 'dynamic-forward-proxy' }
    | { readonly kind: 'original-destination' };
  readonly balancer: BalancerPolicy;
  readonly connectTimeoutMs: number;
  readonly tcpKeepalive?: TcpKeepalive;
  readonly tls?: UpstreamTls;
  /** Connections begin with a PROXY header, before TLS. */
  readonly proxyProtocol?: ProxyProtocolVersion;
  /** Chosen by an endpoint's metadata `envoy.transport_socket_match` first, `tls` else. */
  readonly tlsMatches: readonly {
    readonly match: Readonly<Record<string, string>>;
    readonly tls?: UpstreamTls;
    readonly proxyProtocol?: ProxyProtocolVersion;
  }[];
  /** `auto`: what TLS agrees on by ALPN; without TLS HTTP/1.1. `downstream`: what the request came by. */
  readonly protocol: 'http1' | 'http2' | 'auto' | 'downstream';
  readonly http2: Http2Options;
  readonly idleTimeoutMs: number;
  /** 0: no limit. */
  readonly maxRequestsPerConnection: number;
  /** 0: no limit. */
  readonly maxConnectionDurationMs: number;
  /** Connections are made ahead: capacity for so many requests per request under way; 1: none. */
  readonly preconnectRatio: number;
  readonly breakers: { readonly default: BreakerLimits; readonly high: BreakerLimits };
  readonly outlier?: OutlierDetection;
  readonly healthCheck?: HealthCheck;
  readonly panicThresholdPercent: number;
  /** Requests are shared out among localities by `Endpoint.localityWeight`. */
  readonly localityWeighted: boolean;
  /** Requests stay in the caller's zone, as far as it can carry them; absent: zones don't count. */
  readonly zoneAware?: ZoneAware;
  /** Istio's `metadata.istio`: the service that this cluster serves, for labels. */
  readonly service?: { readonly host: string; readonly name: string; readonly namespace: string };
}

export type BalancerPolicy =
  | { readonly kind: 'round-robin'; readonly warmUp?: WarmUp }
  /** `activeBias`: how much requests under way count against a host where weights differ. */
  | {
      readonly kind: 'least-request';
      readonly choices: number;
      readonly activeBias: number;
      readonly warmUp?: WarmUp;
    }
  | { readonly kind: 'random' }
  | { readonly kind: 'ring-hash'; readonly minRingSize: number; readonly maxRingSize: number }
  | { readonly kind: 'maglev'; readonly tableSize: number }
  | UtilizationPolicy
  /** The endpoint is the request's own destination. */
  | { readonly kind: 'cluster-provided' };

/** In turn, weighted by what endpoints report of their load. */
export interface UtilizationPolicy {
  readonly kind: 'utilization';
  /** So long must reports have come before they count. */
  readonly stabilizationMs: number;
  /** So long a report holds. */
  readonly expirationMs: number;
  /** How often weights are worked out. */
  readonly updateMs: number;
  /** How much of their share errors add to utilization. */
  readonly errorPenalty: number;
  /** The metrics that count, before an application's and its processor's utilization. */
  readonly metricNames: readonly string[];
}

/** Hosts that are new have part of their weight at first (Envoy's slow start). */
export interface WarmUp {
  readonly windowMs: number;
  /** Above 0; 1: the share grows linearly; more: faster at first. */
  readonly aggression: number;
  readonly minimumPercent: number;
}

/** Envoy's defaults: 1024 connections, pending and requests; 3 retries. */
export interface BreakerLimits {
  readonly connections: number;
  readonly pending: number;
  readonly requests: number;
  /** With a budget: those that are always allowed. */
  readonly retries: number;
  /** Retries at once, in percent of the requests under way. */
  readonly retryBudgetPercent?: number;
  /** The percentage is of all tries of so long, instead of the requests under way. */
  readonly retryBudgetIntervalMs?: number;
}

/** TCP keep-alive; what is left out is the system's default. */
export interface TcpKeepalive {
  readonly probes?: number;
  readonly idleMs?: number;
  readonly intervalMs?: number;
}

export interface OutlierDetection {
  readonly consecutive5xx: number;
  readonly consecutiveGatewayErrors: number;
  readonly intervalMs: number;
  readonly baseEjectionMs: number;
  readonly maxEjectionMs: number;
  readonly maxEjectionPercent: number;
  /** Answers that count as errors; undefined: 5xx. */
  readonly errors?: ReadonlySet<number>;
  /** One endpoint may be ejected whatever the percentage. */
  readonly alwaysEjectOne: boolean;
  /** Failures to get an answer are counted apart from bad answers; undefined: both alike. 0: not at all. */
  readonly consecutiveLocalFailures?: number;
  /** An active check that passes lets an ejected endpoint in again, by Envoy's default; not with this. */
  readonly keepsThroughChecks?: true;
}

/** Envoy's zone aware routing. */
export interface ZoneAware {
  /** Of the requests, how many it is for; in percent, above 0. */
  readonly percent: number;
  /** Fewest healthy endpoints for which zones count. */
  readonly minHosts: number;
}
