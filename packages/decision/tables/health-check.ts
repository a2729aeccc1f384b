/** How an endpoint is asked whether it serves (Envoy's core.v3.HealthCheck, with its defaults). */
export interface HealthCheck {
  /** From the first packet to the whole answer. */
  readonly timeoutMs: number;
  readonly intervals: CheckIntervals;
  /** Failures and successes in a row that turn an endpoint. */
  readonly unhealthyThreshold: number;
  readonly healthyThreshold: number;
  /** Keep the connection between checks. */
  readonly reuseConnection: boolean;
  readonly check: HttpCheck | TcpCheck | GrpcCheck;
}

/** From the end of a check to the beginning of the next. */
export interface CheckIntervals {
  /** While it is healthy, and no check has failed. */
  readonly healthyMs: number;
  /** It is healthy, and the last check has failed. */
  readonly unhealthyEdgeMs: number;
  readonly unhealthyMs: number;
  /** It is unhealthy, and the last check has passed. */
  readonly healthyEdgeMs: number;
  /** As long as the cluster has had no connection for requests. */
  readonly noTrafficMs: number;
  readonly noTrafficHealthyMs: number;
  /** Added at random: up to so much, and up to so many percent of the interval. */
  readonly jitterMs: number;
  readonly jitterPercent: number;
  /** Of the first check. */
  readonly initialJitterMs: number;
}

export interface HttpCheck {
  readonly kind: 'http';
  readonly http2: boolean;
  readonly method: string;
  /** Empty: the cluster's name. An endpoint's own host name comes first. */
  readonly host: string;
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly removedHeaders: readonly string[];
  readonly expected: readonly StatusRange[];
  /** They count towards the threshold; any other status makes the endpoint unhealthy at once. */
  readonly retriable: readonly StatusRange[];
  /** Must be in the body, in this order; empty: any body. */
  readonly receive: readonly Uint8Array[];
  /** How much of a body is looked at; 0: all. */
  readonly bodyLimit: number;
}

/** `end` is not part of it. */
export interface StatusRange {
  readonly start: number;
  readonly end: number;
}

/** A connection that opens; with `receive` also what comes on it. */
export interface TcpCheck {
  readonly kind: 'tcp';
  readonly send: Uint8Array;
  readonly receive: readonly Uint8Array[];
}

/** grpc.health.v1.Health/Check. */
export interface GrpcCheck {
  readonly kind: 'grpc';
  /** Empty: the server as a whole. */
  readonly service: string;
  /** Empty: the cluster's name. */
  readonly authority: string;
  readonly metadata: readonly (readonly [name: string, value: string])[];
}

/** What an endpoint says about being checked (endpoint.v3.Endpoint.HealthCheckConfig). */
export interface EndpointCheck {
  readonly disabled: boolean;
  /** Where to ask; the endpoint's own when absent. */
  readonly address?: string;
  readonly port?: number;
  /** Host of HTTP checks, authority of gRPC's. */
  readonly hostname?: string;
}
