import type { Strings } from './common.ts';

export interface DestinationRuleSpec {
  readonly host: string;
  readonly exportTo?: readonly string[] | undefined;
  readonly workloadSelector?: { readonly matchLabels?: Strings | undefined } | undefined;
  readonly trafficPolicy?: TrafficPolicySpec | undefined;
  readonly subsets?: readonly SubsetSpec[] | undefined;
}
export interface SubsetSpec {
  readonly name: string;
  readonly labels?: Strings | undefined;
  readonly trafficPolicy?: TrafficPolicySpec | undefined;
}

/** The groups of settings that a port (but for `proxyProtocol`, `tunnel` and `retryBudget`), a subset and a whole rule can each have. */
export interface PolicySettings {
  readonly loadBalancer?: LoadBalancer | undefined;
  readonly connectionPool?: ConnectionPool | undefined;
  readonly outlierDetection?: OutlierDetection | undefined;
  readonly tls?: ClientTls | undefined;
  readonly proxyProtocol?: { readonly version?: 'V1' | 'V2' | undefined } | undefined;
  readonly tunnel?: Tunnel | undefined;
  readonly retryBudget?:
    | {
        readonly percent?: number | null | undefined;
        readonly minRetryConcurrency?: number | undefined;
        readonly budgetInterval?: string | undefined;
      }
    | undefined;
}
/** TCP connections are carried through an HTTP proxy. */
export interface Tunnel {
  readonly protocol?: string | undefined;
  readonly targetHost: string;
  readonly targetPort: number;
}
export interface TrafficPolicySpec extends PolicySettings {
  readonly portLevelSettings?:
    | readonly (PolicySettings & { readonly port?: { readonly number?: number | undefined } | undefined })[]
    | undefined;
}

export interface LoadBalancer {
  readonly simple?:
    | 'UNSPECIFIED'
    | 'LEAST_CONN'
    | 'RANDOM'
    | 'PASSTHROUGH'
    | 'ROUND_ROBIN'
    | 'LEAST_REQUEST'
    | undefined;
  readonly consistentHash?: ConsistentHash | undefined;
  readonly backendUtilization?: BackendUtilization | undefined;
  readonly localityLbSetting?: LocalityLbSetting | undefined;
  readonly zoneAwareLbSetting?: ZoneAwareLbSetting | undefined;
  readonly warmup?:
    | {
        readonly duration: string;
        readonly minimumPercent?: number | null | undefined;
        readonly aggression?: number | null | undefined;
      }
    | undefined;
  readonly warmupDurationSecs?: string | undefined;
}
/** By load that endpoints report (ORCA). */
export interface BackendUtilization {
  readonly errorUtilizationPenaltyPercent?: number | undefined;
  readonly metricNamesForComputingUtilization?: readonly string[] | undefined;
  readonly weightExpirationPeriod?: string | undefined;
  readonly weightStabilizationPeriod?: string | undefined;
  readonly weightUpdatePeriod?: string | undefined;
}
export interface LocalityLbSetting {
  readonly distribute?:
    | readonly {
        readonly from?: string | undefined;
        readonly to?: Readonly<Record<string, number>> | undefined;
      }[]
    | undefined;
  readonly failover?:
    | readonly { readonly from?: string | undefined; readonly to?: string | undefined }[]
    | undefined;
  readonly failoverPriority?: readonly string[] | undefined;
  readonly enabled?: boolean | null | undefined;
}
export interface ZoneAwareLbSetting extends Omit<LocalityLbSetting, 'distribute'> {
  readonly minClusterSize?: number | null | undefined;
}
export interface ConsistentHash {
  readonly httpHeaderName?: string | undefined;
  readonly httpQueryParameterName?: string | undefined;
  readonly httpCookie?:
    | {
        readonly name: string;
        readonly path?: string | undefined;
        readonly ttl?: string | undefined;
        readonly attributes?:
          | readonly { readonly name: string; readonly value?: string | undefined }[]
          | undefined;
      }
    | undefined;
  readonly useSourceIp?: boolean | undefined;
  readonly minimumRingSize?: number | undefined;
  readonly ringHash?: { readonly minimumRingSize?: number | undefined } | undefined;
  readonly maglev?: { readonly tableSize?: number | undefined } | undefined;
}
export interface ConnectionPool {
  readonly tcp?:
    | {
        readonly maxConnections?: number | undefined;
        readonly connectTimeout?: string | undefined;
        readonly idleTimeout?: string | undefined;
        readonly maxConnectionDuration?: string | undefined;
        readonly tcpKeepalive?:
          | {
              readonly probes?: number | undefined;
              readonly time?: string | undefined;
              readonly interval?: string | undefined;
            }
          | undefined;
      }
    | undefined;
  readonly http?:
    | {
        readonly http1MaxPendingRequests?: number | undefined;
        readonly http2MaxRequests?: number | undefined;
        readonly maxRequestsPerConnection?: number | undefined;
        readonly maxRetries?: number | undefined;
        readonly idleTimeout?: string | undefined;
        readonly h2UpgradePolicy?: 'DEFAULT' | 'DO_NOT_UPGRADE' | 'UPGRADE' | undefined;
        readonly useClientProtocol?: boolean | undefined;
        readonly maxConcurrentStreams?: number | undefined;
        readonly http2KeepAlive?:
          | { readonly interval?: string | undefined; readonly timeout?: string | undefined }
          | undefined;
      }
    | undefined;
}
export interface OutlierDetection {
  readonly consecutiveErrors?: number | undefined;
  readonly consecutive5xxErrors?: number | null | undefined;
  readonly consecutiveGatewayErrors?: number | null | undefined;
  readonly consecutiveLocalOriginFailures?: number | null | undefined;
  readonly splitExternalLocalOriginErrors?: boolean | undefined;
  readonly interval?: string | undefined;
  readonly baseEjectionTime?: string | undefined;
  readonly maxEjectionPercent?: number | undefined;
  readonly minHealthPercent?: number | undefined;
  readonly outlierDetectionHttpErrorCodes?: readonly number[] | undefined;
}
export interface ClientTls {
  readonly mode?: 'DISABLE' | 'SIMPLE' | 'MUTUAL' | 'ISTIO_MUTUAL' | undefined;
  readonly clientCertificate?: string | undefined;
  readonly privateKey?: string | undefined;
  readonly caCertificates?: string | undefined;
  readonly credentialName?: string | undefined;
  readonly subjectAltNames?: readonly string[] | undefined;
  readonly sni?: string | undefined;
  readonly insecureSkipVerify?: boolean | null | undefined;
  readonly caCrl?: string | undefined;
}
