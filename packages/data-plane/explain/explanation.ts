import type { Origin } from '@tulle/xds/resource';
import type { NetworkGateway } from './network-gateways.ts';

/** A decision in words and numbers: `tulle explain -o json`. Field names are stable. Times are milliseconds. */
export interface Explanation {
  readonly request: ExplainedRequest;
  readonly listener: ExplainedListener;
  /** HTTP only; absent: no domain claims the request's host. */
  readonly virtualHost?: ExplainedHost;
  readonly route?: ExplainedRoute;
  /** In the order in which requests come to them. */
  readonly filters: readonly ExplainedFilter[];
  /** Each way that chance can go, the likeliest first; shares add up to 1. */
  readonly outcomes: readonly ExplainedOutcome[];
  /** What is in the first outcome, for short. */
  readonly cluster?: ExplainedCluster;
  readonly endpoints?: readonly ExplainedEndpoint[];
  readonly response?: ExplainedResponse;
  readonly directResponse?: DirectResponse;
  readonly error?: ExplainedError;
  /** What it gets when one of the limits that count it is used up (RL) or its service does not answer (RLSE), in their order; absent: none does. */
  readonly whenLimited?: readonly ExplainedError[];
}

export interface ExplainedRequest {
  readonly kind: 'http' | 'tcp' | 'tls';
  readonly method?: string;
  /** Host and port as routes are chosen by it. */
  readonly authority: string;
  readonly path?: string;
  readonly protocol?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ExplainedListener {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly filterChains: readonly {
    readonly name: string;
    readonly chosen: boolean;
    /** Why it was not; absent for the chosen one. */
    readonly reason?: string;
  }[];
  /** The chosen chain ends TLS: whether its client must show a certificate. Absent: it does not end TLS. */
  readonly tls?: {
    readonly clientCertificate: 'required' | 'optional' | 'not asked for';
    /** Of a client that is no proxy of the mesh: what becomes of it, by the certificate that it shows. */
    readonly handshake?: 'accepted' | 'refused' | 'unknown';
    readonly reason?: string;
    /** Of who refuses. */
    readonly origins?: readonly Origin[];
  };
  readonly origins: readonly Origin[];
}

export interface ExplainedHost {
  readonly name: string;
  readonly domains: readonly string[];
  readonly routeConfiguration: string;
}

export interface ExplainedRoute {
  /** Of the one that matches; absent: none does. */
  readonly name?: string;
  readonly origins: readonly Origin[];
  /** All that were looked at, in order. */
  readonly tried: readonly {
    readonly name: string;
    readonly matches: boolean;
    /** What it wants. */
    readonly match: readonly string[];
    /** Why it does not match. */
    readonly reason?: string;
    readonly origins: readonly Origin[];
  }[];
  /** A CONNECT tunnel rather than a request. */
  readonly tunnel?: true;
  /** 0: none. */
  readonly timeoutMs?: number;
  readonly idleTimeoutMs?: number;
  readonly retries?: {
    readonly attempts: number;
    readonly on: readonly string[];
    readonly statuses: readonly number[];
    /** 0: the whole request's timeout holds. */
    readonly perTryTimeoutMs: number;
    /** An attempt that is late goes on beside the next one. */
    readonly hedged?: true;
  };
  readonly mirrors?: readonly { readonly cluster: string; readonly share: number }[];
  readonly hashPolicy?: readonly string[];
}

export interface ExplainedFilter {
  readonly name: string;
  /** What it does by what came before, which is not known: a rate limit. */
  readonly says?: string;
  readonly verdict: 'passes' | 'may answer' | 'answers' | 'not reached' | 'looks at responses only';
}

export interface ExplainedOutcome {
  readonly share: number;
  /** What happens by chance. */
  readonly by: readonly string[];
  readonly delayMs?: number;
  readonly cluster?: ExplainedCluster;
  readonly endpoints?: readonly ExplainedEndpoint[];
  /** What is sent upstream, where it differs from what came. */
  readonly upstream?: {
    readonly authority?: string;
    readonly path?: string;
    readonly setHeaders: Readonly<Record<string, string>>;
    readonly removedHeaders: readonly string[];
  };
  /** What the client gets other than the endpoint answers, or beside what every answer of the proxy's own has. */
  readonly response?: ExplainedResponse;
  readonly directResponse?: DirectResponse;
  readonly error?: ExplainedError;
}

/** Names are in lower case. */
export interface ExplainedResponse {
  /** In the place of what the endpoint says of them. */
  readonly setHeaders: Readonly<Record<string, string>>;
  /** Beside what the endpoint says of them. */
  readonly addedHeaders: Readonly<Record<string, string>>;
  readonly removedHeaders: readonly string[];
}

export interface ExplainedCluster {
  readonly name: string;
  readonly balancer: string;
  readonly connectTimeoutMs?: number;
  /** The limits of its circuit breaker. */
  readonly limits?: {
    readonly connections: number;
    readonly pending: number;
    readonly requests: number;
    readonly retries: number;
  };
  readonly outlierDetection?: string;
  readonly origins: readonly Origin[];
}

export interface ExplainedEndpoint {
  readonly address: string;
  readonly workload?: string;
  readonly version?: string;
  /** It is a gateway: those that serve are behind it, in another network. */
  readonly through?: NetworkGateway;
  readonly health: 'healthy' | 'unhealthy' | 'draining';
  /** What the proxy has found out by itself. */
  readonly failing?: string;
  /** Requests under way. */
  readonly active?: number;
  readonly weight: number;
  readonly priority: number;
  readonly locality?: string;
  readonly security: 'mTLS' | 'TLS' | 'plain text';
  /** From 0 to 1, rounded to a hundredth: of requests like this. */
  readonly chance: number;
}

export interface DirectResponse {
  readonly status: number;
  /** To a call of gRPC. */
  readonly grpcStatus?: number;
  readonly location?: string;
  readonly body?: string;
  readonly details: string;
}

/** The proxy can't or won't pass it on. */
export interface ExplainedError {
  /** Absent: the connection is closed. */
  readonly status?: number;
  /** To a call of gRPC. */
  readonly grpcStatus?: number;
  /** Response flags, as in the access log. */
  readonly flags: readonly string[];
  readonly details: string;
  readonly message: string;
}
