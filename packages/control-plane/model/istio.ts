/**
 * The fields of the Istio kinds that model and compile read, in the shape of their YAML. The schemas of
 * `@tulle/resources` have already refused whatever is not of this shape; `istio.test.ts` holds both together.
 */
type Strings = Readonly<Record<string, string>>;

export interface StringMatch {
  readonly exact?: string | undefined;
  readonly prefix?: string | undefined;
  readonly regex?: string | undefined;
}
export type StringMatches = Readonly<Record<string, StringMatch>>;

export interface Destination {
  readonly host: string;
  readonly subset?: string | undefined;
  readonly port?: { readonly number?: number | undefined } | undefined;
}

// --- VirtualService --------------------------------------------------------------------------------------

export interface VirtualServiceSpec {
  readonly hosts?: readonly string[] | undefined;
  readonly gateways?: readonly string[] | undefined;
  readonly exportTo?: readonly string[] | undefined;
  readonly http?: readonly HttpRouteSpec[] | undefined;
  readonly tls?: readonly TlsRouteSpec[] | undefined;
  readonly tcp?: readonly TcpRouteSpec[] | undefined;
}

export interface HttpMatch {
  readonly name?: string | undefined;
  readonly uri?: StringMatch | undefined;
  readonly scheme?: StringMatch | undefined;
  readonly method?: StringMatch | undefined;
  readonly authority?: StringMatch | undefined;
  readonly headers?: StringMatches | undefined;
  readonly withoutHeaders?: StringMatches | undefined;
  readonly queryParams?: StringMatches | undefined;
  readonly ignoreUriCase?: boolean | undefined;
  readonly port?: number | undefined;
  readonly sourceLabels?: Strings | undefined;
  readonly sourceNamespace?: string | undefined;
  readonly gateways?: readonly string[] | undefined;
  readonly statPrefix?: string | undefined;
}

export interface HeaderOperations {
  readonly set?: Strings | undefined;
  readonly add?: Strings | undefined;
  readonly remove?: readonly string[] | undefined;
}
export interface HeaderRules {
  readonly request?: HeaderOperations | undefined;
  readonly response?: HeaderOperations | undefined;
}

export interface HttpDestination {
  readonly destination: Destination;
  readonly weight?: number | undefined;
  readonly headers?: HeaderRules | undefined;
}

export interface HttpRedirect {
  readonly uri?: string | undefined;
  readonly prefixRewrite?: string | undefined;
  readonly authority?: string | undefined;
  readonly port?: number | undefined;
  readonly derivePort?: 'FROM_PROTOCOL_DEFAULT' | 'FROM_REQUEST_PORT' | undefined;
  readonly scheme?: string | undefined;
  readonly redirectCode?: number | undefined;
}

export interface HttpRetry {
  readonly attempts?: number | undefined;
  readonly perTryTimeout?: string | undefined;
  readonly retryOn?: string | undefined;
  readonly retryIgnorePreviousHosts?: boolean | null | undefined;
  readonly retryRemoteLocalities?: boolean | null | undefined;
  readonly backoff?: string | undefined;
}

export interface Percent {
  readonly value?: number | undefined;
}

export interface HttpFault {
  readonly delay?:
    | {
        readonly fixedDelay?: string | undefined;
        readonly percentage?: Percent | undefined;
        readonly percent?: number | undefined;
      }
    | undefined;
  readonly abort?:
    | {
        readonly httpStatus?: number | undefined;
        readonly grpcStatus?: string | undefined;
        readonly percentage?: Percent | undefined;
      }
    | undefined;
}

export interface CorsPolicySpec {
  readonly allowOrigin?: readonly string[] | undefined;
  readonly allowOrigins?: readonly StringMatch[] | undefined;
  readonly allowMethods?: readonly string[] | undefined;
  readonly allowHeaders?: readonly string[] | undefined;
  readonly exposeHeaders?: readonly string[] | undefined;
  readonly maxAge?: string | undefined;
  readonly allowCredentials?: boolean | null | undefined;
  readonly unmatchedPreflights?: 'UNSPECIFIED' | 'FORWARD' | 'IGNORE' | undefined;
}

export interface HttpRouteSpec {
  readonly name?: string | undefined;
  readonly match?: readonly HttpMatch[] | undefined;
  readonly route?: readonly HttpDestination[] | undefined;
  readonly redirect?: HttpRedirect | undefined;
  readonly directResponse?:
    | {
        readonly status: number;
        readonly body?:
          | { readonly string?: string | undefined; readonly bytes?: string | undefined }
          | undefined;
      }
    | undefined;
  readonly delegate?:
    | { readonly name?: string | undefined; readonly namespace?: string | undefined }
    | undefined;
  readonly rewrite?:
    | {
        readonly uri?: string | undefined;
        readonly authority?: string | undefined;
        readonly uriRegexRewrite?:
          | { readonly match?: string | undefined; readonly rewrite?: string | undefined }
          | undefined;
      }
    | undefined;
  readonly timeout?: string | undefined;
  readonly retries?: HttpRetry | undefined;
  readonly fault?: HttpFault | undefined;
  readonly corsPolicy?: CorsPolicySpec | undefined;
  readonly headers?: HeaderRules | undefined;
  readonly mirror?: Destination | undefined;
  readonly mirrorPercentage?: Percent | undefined;
  readonly mirrorPercent?: number | null | undefined;
  readonly mirror_percent?: number | null | undefined;
  readonly mirrors?:
    | readonly { readonly destination: Destination; readonly percentage?: Percent | undefined }[]
    | undefined;
}

export interface RouteDestination {
  readonly destination: Destination;
  readonly weight?: number | undefined;
}

export interface L4Match {
  readonly destinationSubnets?: readonly string[] | undefined;
  readonly sourceSubnet?: string | undefined;
  readonly port?: number | undefined;
  readonly sourceLabels?: Strings | undefined;
  readonly sourceNamespace?: string | undefined;
  readonly gateways?: readonly string[] | undefined;
}
export interface TcpRouteSpec {
  readonly match?: readonly L4Match[] | undefined;
  readonly route?: readonly RouteDestination[] | undefined;
}
export interface TlsMatch extends L4Match {
  readonly sniHosts: readonly string[];
}
export interface TlsRouteSpec {
  readonly match: readonly TlsMatch[];
  readonly route?: readonly RouteDestination[] | undefined;
}

// --- DestinationRule -------------------------------------------------------------------------------------

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

// --- Gateway, ServiceEntry, WorkloadEntry, PeerAuthentication ----------------------------------------------

export interface GatewaySpec {
  readonly selector?: Strings | undefined;
  readonly servers?: readonly ServerSpec[] | undefined;
}
export interface ServerSpec {
  readonly name?: string | undefined;
  readonly bind?: string | undefined;
  readonly port: { readonly number: number; readonly name: string; readonly protocol: string };
  readonly hosts: readonly string[];
  readonly tls?: ServerTls | undefined;
}
export interface ServerTls {
  readonly mode?:
    | 'PASSTHROUGH'
    | 'SIMPLE'
    | 'MUTUAL'
    | 'AUTO_PASSTHROUGH'
    | 'ISTIO_MUTUAL'
    | 'OPTIONAL_MUTUAL'
    | undefined;
  readonly httpsRedirect?: boolean | undefined;
  readonly credentialName?: string | undefined;
  readonly credentialNames?: readonly string[] | undefined;
  readonly caCertCredentialName?: string | undefined;
  readonly serverCertificate?: string | undefined;
  readonly privateKey?: string | undefined;
  readonly caCertificates?: string | undefined;
  readonly caCrl?: string | undefined;
  readonly tlsCertificates?:
    | readonly {
        readonly serverCertificate?: string | undefined;
        readonly privateKey?: string | undefined;
        readonly caCertificates?: string | undefined;
      }[]
    | undefined;
  readonly verifyCertificateSpki?: readonly string[] | undefined;
  readonly verifyCertificateHash?: readonly string[] | undefined;
  readonly insecureSkipVerify?: boolean | null | undefined;
  readonly subjectAltNames?: readonly string[] | undefined;
  readonly minProtocolVersion?: TlsVersion | undefined;
  readonly maxProtocolVersion?: TlsVersion | undefined;
  readonly cipherSuites?: readonly string[] | undefined;
  readonly ecdhCurves?: readonly string[] | undefined;
}
export type TlsVersion = 'TLS_AUTO' | 'TLSV1_0' | 'TLSV1_1' | 'TLSV1_2' | 'TLSV1_3';

export interface ServiceEntrySpec {
  readonly hosts: readonly string[];
  readonly addresses?: readonly string[] | undefined;
  readonly ports?:
    | readonly {
        readonly number: number;
        readonly name: string;
        readonly protocol?: string | undefined;
        readonly targetPort?: number | undefined;
      }[]
    | undefined;
  readonly location?: 'MESH_EXTERNAL' | 'MESH_INTERNAL' | undefined;
  readonly resolution?: 'NONE' | 'STATIC' | 'DNS' | 'DNS_ROUND_ROBIN' | 'DYNAMIC_DNS' | undefined;
  readonly endpoints?: readonly WorkloadEntrySpec[] | undefined;
  readonly workloadSelector?: { readonly labels?: Strings | undefined } | undefined;
  readonly exportTo?: readonly string[] | undefined;
  readonly subjectAltNames?: readonly string[] | undefined;
}
export interface WorkloadEntrySpec {
  readonly address?: string | undefined;
  readonly ports?: Readonly<Record<string, number>> | undefined;
  readonly labels?: Strings | undefined;
  readonly network?: string | undefined;
  readonly locality?: string | undefined;
  readonly weight?: number | undefined;
  readonly serviceAccount?: string | undefined;
}

export type MtlsMode = 'STRICT' | 'PERMISSIVE' | 'DISABLE';
export interface MtlsSpec {
  readonly mode?: MtlsMode | 'UNSET' | undefined;
}
export interface PeerAuthenticationSpec {
  readonly selector?: { readonly matchLabels?: Strings | undefined } | undefined;
  readonly mtls?: MtlsSpec | null | undefined;
  readonly portLevelMtls?: Readonly<Record<string, MtlsSpec>> | undefined;
}

// --- Sidecar ---------------------------------------------------------------------------------------------

export interface SidecarSpec {
  readonly workloadSelector?: { readonly labels?: Strings | undefined } | undefined;
  readonly ingress?: readonly IngressListenerSpec[] | undefined;
  readonly egress?: readonly EgressListenerSpec[] | undefined;
  readonly inboundConnectionPool?: ConnectionPool | undefined;
  readonly outboundTrafficPolicy?: OutboundTrafficPolicy | undefined;
}
export interface SidecarPort {
  readonly number?: number | undefined;
  readonly protocol?: string | undefined;
  readonly name?: string | undefined;
}
export type CaptureMode = 'DEFAULT' | 'IPTABLES' | 'NONE';
export interface EgressListenerSpec {
  readonly port?: SidecarPort | undefined;
  readonly bind?: string | undefined;
  readonly captureMode?: CaptureMode | undefined;
  readonly hosts: readonly string[];
}
export interface IngressListenerSpec {
  readonly port: SidecarPort;
  readonly bind?: string | undefined;
  readonly captureMode?: CaptureMode | undefined;
  readonly defaultEndpoint?: string | undefined;
  readonly tls?: ServerTls | undefined;
  readonly connectionPool?: ConnectionPool | undefined;
}
export interface OutboundTrafficPolicy {
  readonly mode?: 'REGISTRY_ONLY' | 'ALLOW_ANY' | undefined;
  readonly egressProxy?: Destination | undefined;
}
