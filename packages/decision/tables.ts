/**
 * The runtime tables: what xDS resources become in a proxy, decoded once in `data-plane/config/` into our
 * own types. Immutable. All durations are milliseconds, all sizes bytes, all names as in xDS.
 *
 * Patterns are already compiled (`StringMatcher.test`), so that nothing is prepared per request.
 */
import type { EdgeRules } from './edge-rules.ts';
import type { SubstitutionContext } from './substitution.ts';

export type StringMatcher = (value: string) => boolean;

// --- listeners -------------------------------------------------------------------------------------------

/** Of the header that tells between whom a connection really is. */
export type ProxyProtocolVersion = 'v1' | 'v2';

export interface Listener {
  readonly name: string;
  /** An IP address, or the path of a Unix socket (`@name`: an abstract one; the port is 0). */
  readonly address: string;
  readonly port: number;
  /** `::` takes no IPv4. */
  readonly ipv6Only?: boolean;
  /** Permissions of a Unix socket's file; 0 or none: the process's. */
  readonly socketMode?: number;
  /** Connections begin with a PROXY header of these versions, which is believed; `optional`: or without. */
  readonly proxyProtocol?: { readonly versions: readonly ProxyProtocolVersion[]; readonly optional: boolean };
  readonly direction: 'inbound' | 'outbound' | 'unspecified';
  /** How long the inspectors may wait for the client's first bytes. Envoy's default: 15 s. */
  readonly inspectTimeoutMs: number;
  readonly continueOnInspectTimeout: boolean;
  readonly inspectTls: boolean;
  readonly inspectHttp: boolean;
  readonly filterChains: readonly FilterChain[];
  readonly defaultFilterChain?: FilterChain;
  readonly maxConnections?: number;
  /**
   * Connections were redirected here: `restore` finds out where they were going and matches chains by that;
   * `hand-off` also gives them to the listener of that address, if there is one (Envoy's use_original_dst).
   */
  readonly originalDestination?: 'restore' | 'hand-off';
  /** Binds nothing: it serves what other listeners hand over. 0.0.0.0 and :: stand for any address. */
  readonly unbound?: true;
  /** A UDP listener that answers DNS, over TCP too; it has no filter chains. */
  readonly dns?: DnsTable;
}

/** Names that a proxy answers by itself; others it forwards to the system's servers. */
export interface DnsTable {
  /** Lower case, without a final dot; `*.suffix` stands for every name below. */
  readonly names: ReadonlyMap<string, DnsAnswer>;
  /** How long a forwarded question may take. Envoy's default: 5 s. */
  readonly forwardTimeoutMs: number;
  /** Forwarded questions at a time; 0: nothing is forwarded. */
  readonly maxForwarded: number;
}

export interface DnsAnswer {
  /** IPv4 and IPv6. */
  readonly addresses: readonly string[];
  readonly ttlSeconds: number;
}

export interface FilterChain {
  readonly name: string;
  readonly match: {
    /** Exact or `*.suffix`; empty: any. */
    readonly serverNames: readonly string[];
    readonly transportProtocol: '' | 'tls' | 'raw_buffer';
    /** ALPN for TLS; `http/1.1`, `h2c` from the HTTP inspector for raw. Empty: any. */
    readonly applicationProtocols: readonly string[];
    /** Port that the client called; of redirected connections where they were going. Undefined: any. */
    readonly destinationPort?: number;
  };
  readonly tls?: DownstreamTls;
  readonly filter:
    | { readonly kind: 'http'; readonly manager: HttpManager }
    | { readonly kind: 'tcp'; readonly proxy: TcpProxy };
}

export interface TlsParameters {
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  readonly maxVersion: 'TLSv1.2' | 'TLSv1.3';
  /** Of TLS 1.2, as OpenSSL names them; those of TLS 1.3 are always on. Empty: OpenSSL's own. */
  readonly cipherSuites: readonly string[];
  /** Groups for the key exchange, best first. Empty: a default. */
  readonly ecdhCurves: readonly string[];
  readonly alpn: readonly string[];
}

export interface PeerValidation {
  /** Name of the secret that holds the trusted roots. */
  readonly rootsSecret: string;
  /** Any of them must match any URI or DNS SAN; empty: any certificate of the roots. */
  readonly subjectAltNames: readonly NameMatcher[];
}

/** Accepts a name of a certificate, or not: what is a URI's text may be a DNS name's as well. */
export type NameMatcher = (name: string, kind: 'uri' | 'dns') => boolean;

export interface DownstreamTls extends TlsParameters {
  readonly requireClientCertificate: boolean;
  /** Names of secrets. An exact name for the SNI goes before a wildcard, and that before the first of the list. */
  readonly certificateSecrets: readonly string[];
  /** How long a client may resume a session instead of proving itself again; 0: never. */
  readonly sessionTimeoutMs: number;
  readonly validation?: PeerValidation;
}

export interface UpstreamTls extends TlsParameters {
  /** SNI to send; empty: none. */
  readonly sni: string;
  readonly resumeSessions: boolean;
  readonly certificateSecret?: string;
  readonly validation?: PeerValidation;
}

export interface HttpManager {
  readonly statPrefix: string;
  readonly codec: 'auto' | 'http1' | 'http2';
  readonly routes:
    | { readonly kind: 'inline'; readonly table: RouteTable }
    | { readonly kind: 'rds'; readonly name: string };
  /** In order; the last is the router. */
  readonly filters: readonly HttpFilterConfig[];
  readonly accessLogs: readonly AccessLog[];
  /** What is believed of clients, and what is said to them. */
  readonly edge: EdgeRules;
  /** Lower case: `websocket`, `connect`. */
  readonly upgrades: readonly string[];
  /** 0: none. Envoy's default: 1 h. */
  readonly idleTimeoutMs: number;
  /** 0: none. Envoy's default: 5 min. */
  readonly streamIdleTimeoutMs: number;
  /** Time for a whole request head; 0: none. */
  readonly requestHeadersTimeoutMs: number;
  /** Time for a whole request, body included; 0: none (Envoy's default: some requests never end). */
  readonly requestTimeoutMs: number;
  readonly maxRequestHeadersBytes: number;
  /** 0: no limit. */
  readonly maxRequestsPerConnection: number;
  /** After this the connection takes no more requests; 0: no limit. */
  readonly maxConnectionDurationMs: number;
  readonly http2: Http2Options;
}

/** Of HTTP/2 connections, as Envoy's Http2ProtocolOptions; the codec's defaults for what is absent. */
export interface Http2Options {
  /** Towards a client how many streams it may have open, towards a server how many we open. */
  readonly maxConcurrentStreams?: number;
  /** What a peer may send unread, on one stream and on all. */
  readonly streamWindow?: number;
  readonly connectionWindow?: number;
  /** A PING after each interval; a peer that does not answer in time is gone. */
  readonly keepalive?: { readonly intervalMs: number; readonly timeoutMs: number };
}

/**
 * One per filter folder. `name` is the instance's, for per-route configuration; `typeUrl` chooses the
 * folder; `config` is that filter's own decoded type.
 */
export interface HttpFilterConfig {
  readonly name: string;
  readonly typeUrl: string;
  readonly config: unknown;
}

export interface AccessLog {
  /** `/dev/stdout` or a file. */
  readonly path: string;
  readonly format:
    | { readonly kind: 'text'; readonly text: string }
    | { readonly kind: 'json'; readonly fields: JsonFormat };
}
export interface JsonFormat {
  readonly [field: string]: string | JsonFormat;
}

export interface TcpProxy {
  readonly statPrefix: string;
  readonly clusters: readonly WeightedCluster[];
  /** 0: none. Envoy's default: 1 h. */
  readonly idleTimeoutMs: number;
  /** From accept to end, whatever happens; 0 or none: no limit. */
  readonly maxDurationMs?: number;
  readonly maxConnectAttempts: number;
  readonly accessLogs: readonly AccessLog[];
}

// --- routes ----------------------------------------------------------------------------------------------

export interface RouteTable {
  readonly name: string;
  readonly virtualHosts: readonly VirtualHost[];
  readonly requestHeaders: HeaderMutation;
  readonly responseHeaders: HeaderMutation;
  /** Match domains against the authority without its port (Envoy: ignore_port_in_host_matching). */
  readonly ignorePort?: boolean;
}

export interface VirtualHost {
  readonly name: string;
  /** Exact, `*.suffix`, `prefix.*` or `*`; matched against the authority, lower case. */
  readonly domains: readonly string[];
  readonly routes: readonly Route[];
  readonly retry?: RetryPolicy;
  readonly requestHeaders: HeaderMutation;
  readonly responseHeaders: HeaderMutation;
  /** Adds x-envoy-attempt-count to requests. */
  readonly includeAttemptCount: boolean;
  readonly includeAttemptCountInResponse: boolean;
}

export interface Route {
  readonly name: string;
  readonly match: RouteMatch;
  readonly action: RouteAction;
  readonly requestHeaders: HeaderMutation;
  readonly responseHeaders: HeaderMutation;
  /** Per-filter configuration by filter name. */
  readonly perFilter: ReadonlyMap<string, unknown>;
}

export interface RouteMatch {
  readonly path:
    | { readonly kind: 'prefix'; readonly value: string; readonly ignoreCase: boolean }
    | { readonly kind: 'exact'; readonly value: string; readonly ignoreCase: boolean }
    /** On a segment's boundary (Gateway API's PathPrefix). */
    | { readonly kind: 'path-separated-prefix'; readonly value: string; readonly ignoreCase: boolean }
    | { readonly kind: 'regex'; readonly test: StringMatcher }
    /** CONNECT requests only. */
    | { readonly kind: 'connect' };
  readonly headers: readonly HeaderMatch[];
  readonly query: readonly QueryMatch[];
  /** Fraction of requests in millionths; undefined: all. */
  readonly fraction?: number;
}

/** `:method`, `:authority`, `:path` and `:scheme` name the pseudo-fields. */
export interface HeaderMatch {
  readonly name: string;
  readonly invert: boolean;
  readonly treatMissingAsEmpty: boolean;
  readonly test:
    | { readonly kind: 'present'; readonly present: boolean }
    | { readonly kind: 'value'; readonly test: StringMatcher };
}

export interface QueryMatch {
  readonly name: string;
  /** Undefined: presence is enough. */
  readonly test?: StringMatcher;
}

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
  | { readonly kind: 'direct'; readonly status: number; readonly body: string };

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
  readonly mirrors: readonly { readonly cluster: string; readonly fraction: number }[];
  readonly upgrades: readonly string[];
  readonly hashPolicy: readonly HashPolicy[];
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
  readonly ttlMs?: number;
  readonly path?: string;
  readonly terminal: boolean;
}

export interface HeaderMutation {
  readonly set: readonly HeaderValue[];
  readonly add: readonly HeaderValue[];
  readonly remove: readonly string[];
}

/** Values may use Envoy's `%…%` substitutions: then `render` is set. */
export interface HeaderValue {
  readonly name: string;
  readonly value: string;
  readonly render?: (context: SubstitutionContext) => string;
}

export interface RetryPolicy {
  /** Attempts after the first. */
  readonly retries: number;
  readonly on: ReadonlySet<RetryCondition>;
  readonly statuses: ReadonlySet<number>;
  /** 0: none, the whole request's timeout holds. */
  readonly perTryTimeoutMs: number;
  /** Envoy's defaults: 25 ms, ten times the base. */
  readonly backoffBaseMs: number;
  readonly backoffMaxMs: number;
  /** Choose again, up to `hostSelectionAttempts` times, when a host was tried before. */
  readonly avoidPreviousHosts: boolean;
  readonly hostSelectionAttempts: number;
}

export type RetryCondition =
  | '5xx'
  | 'gateway-error'
  | 'reset'
  | 'reset-before-request'
  | 'connect-failure'
  | 'retriable-4xx'
  | 'refused-stream'
  | 'retriable-status-codes'
  | 'retriable-headers'
  | 'envoy-ratelimited'
  | 'cancelled'
  | 'deadline-exceeded'
  | 'internal'
  | 'resource-exhausted'
  | 'unavailable';

// --- clusters --------------------------------------------------------------------------------------------

export interface Cluster {
  readonly name: string;
  readonly statName: string;
  readonly discovery: /** Endpoints by EDS under this name. */
    | { readonly kind: 'eds'; readonly name: string }
    | { readonly kind: 'static'; readonly endpoints: readonly Endpoint[] }
    /** Each name is resolved again as its records expire. */
    | { readonly kind: 'strict-dns'; readonly endpoints: readonly Endpoint[] }
    /** The address that the request names: hosts outside the mesh. */
    | { readonly kind: 'dynamic-forward-proxy' }
    | { readonly kind: 'original-destination' };
  readonly balancer: BalancerPolicy;
  readonly connectTimeoutMs: number;
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
  readonly panicThresholdPercent: number;
  /** Istio's `metadata.istio`: the service that this cluster serves, for labels. */
  readonly service?: { readonly host: string; readonly name: string; readonly namespace: string };
}

export type BalancerPolicy =
  | { readonly kind: 'round-robin' }
  | { readonly kind: 'least-request'; readonly choices: number }
  | { readonly kind: 'random' }
  | { readonly kind: 'ring-hash'; readonly minRingSize: number; readonly maxRingSize: number }
  /** The endpoint is the request's own destination. */
  | { readonly kind: 'cluster-provided' };

/** Envoy's defaults: 1024 connections, pending and requests; 3 retries. */
export interface BreakerLimits {
  readonly connections: number;
  readonly pending: number;
  readonly requests: number;
  readonly retries: number;
}

export interface OutlierDetection {
  readonly consecutive5xx: number;
  readonly consecutiveGatewayErrors: number;
  readonly intervalMs: number;
  readonly baseEjectionMs: number;
  readonly maxEjectionMs: number;
  readonly maxEjectionPercent: number;
}

export interface Endpoint {
  /** An IP address, a name where names are resolved, or the path of a Unix socket (the port is 0). */
  readonly address: string;
  readonly port: number;
  readonly weight: number;
  readonly priority: number;
  readonly locality: string;
  readonly health: 'healthy' | 'unhealthy' | 'draining';
  /** `envoy.transport_socket_match` of the endpoint's metadata. */
  readonly transport: Readonly<Record<string, string>>;
  /** Istio's `metadata.istio.workload`: `workload;namespace;canonical-name;canonical-revision;cluster`. */
  readonly workload?: WorkloadLabels;
}

/** Who runs behind an endpoint or a connection: what Istio's metrics are labelled with. */
export interface WorkloadLabels {
  readonly workload: string;
  readonly namespace: string;
  readonly app: string;
  readonly version: string;
  readonly canonicalName: string;
  readonly canonicalRevision: string;
  readonly cluster: string;
}

/** A workload that may call this proxy. Several can have one identity. */
export interface Caller extends WorkloadLabels {
  /** SPIFFE ID. */
  readonly principal: string;
}

// --- secrets ---------------------------------------------------------------------------------------------

export type SecretTable =
  | { readonly kind: 'certificate'; readonly chainPem: string; readonly keyPem: string }
  | { readonly kind: 'roots'; readonly pem: string };

// --- all together ----------------------------------------------------------------------------------------

/** One configuration epoch of a proxy; replaced by one assignment. */
export interface Tables {
  readonly epoch: number;
  readonly listeners: ReadonlyMap<string, Listener>;
  readonly routes: ReadonlyMap<string, RouteTable>;
  readonly clusters: ReadonlyMap<string, Cluster>;
  /** By EDS service name. */
  readonly endpoints: ReadonlyMap<string, readonly Endpoint[]>;
  readonly secrets: ReadonlyMap<string, SecretTable>;
  /** Who may call, for connections that carry no metadata; a proxy without TCP ports has none. */
  readonly workloads: ReadonlyMap<string, Caller>;
}
