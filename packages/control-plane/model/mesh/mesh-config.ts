import type { ConnectionPool, HttpRetry, LocalityLbSetting, ZoneAwareLbSetting } from '../istio.ts';
import type { JsonTemplate } from './mesh.ts';

type TcpKeepalive = NonNullable<NonNullable<ConnectionPool['tcp']>['tcpKeepalive']>;

/** The fields of Istio's MeshConfig that have an effect, in the shape of their YAML. */
export interface MeshConfigSpec {
  readonly trustDomain?: string | undefined;
  readonly trustDomainAliases?: readonly string[] | undefined;
  readonly outboundTrafficPolicy?: { readonly mode?: 'ALLOW_ANY' | 'REGISTRY_ONLY' | undefined } | undefined;
  readonly protocolDetectionTimeout?: string | undefined;
  readonly connectTimeout?: string | undefined;
  readonly tcpKeepalive?: TcpKeepalive | undefined;
  readonly h2UpgradePolicy?: 'DO_NOT_UPGRADE' | 'UPGRADE' | undefined;
  readonly defaultHttpRetryPolicy?: HttpRetry | undefined;
  readonly localityLbSetting?: LocalityLbSetting | undefined;
  readonly zoneAwareLbSetting?: ZoneAwareLbSetting | undefined;
  readonly pathNormalization?: { readonly normalization?: PathNormalization | undefined } | undefined;
  readonly accessLogFile?: string | undefined;
  readonly accessLogFormat?: string | undefined;
  readonly accessLogEncoding?: 'TEXT' | 'JSON' | undefined;
  readonly extensionProviders?: readonly ExtensionProvider[] | undefined;
  readonly defaultProviders?: { readonly accessLogging?: readonly string[] | undefined } | undefined;
  readonly defaultConfig?: { readonly gatewayTopology?: GatewayTopology | undefined } | undefined;
  readonly defaultServiceExportTo?: readonly string[] | undefined;
  readonly defaultVirtualServiceExportTo?: readonly string[] | undefined;
  readonly defaultDestinationRuleExportTo?: readonly string[] | undefined;
  readonly discoverySelectors?: readonly LabelSelector[] | undefined;
  readonly enableAutoMtls?: boolean | undefined;
  readonly verifyCertificateAtClient?: boolean | undefined;
  readonly meshMTLS?: Pick<TlsConfig, 'ecdhCurves'> | undefined;
  readonly tlsDefaults?: TlsConfig | undefined;
  readonly dnsRefreshRate?: string | undefined;
  readonly inboundClusterStatName?: string | undefined;
  readonly outboundClusterStatName?: string | undefined;
}

export interface TlsConfig {
  readonly minProtocolVersion?: 'TLS_AUTO' | 'TLSV1_2' | 'TLSV1_3' | undefined;
  readonly ecdhCurves?: readonly string[] | undefined;
  readonly cipherSuites?: readonly string[] | undefined;
}

export type PathNormalization = 'DEFAULT' | 'NONE' | 'BASE' | 'MERGE_SLASHES' | 'DECODE_AND_MERGE_SLASHES';

/** Envoy's `forward_client_cert_details`. */
export type ForwardClientCert =
  | 'SANITIZE'
  | 'FORWARD_ONLY'
  | 'APPEND_FORWARD'
  | 'SANITIZE_SET'
  | 'ALWAYS_FORWARD_ONLY';

export interface GatewayTopology {
  readonly numTrustedProxies?: number | undefined;
  readonly forwardClientCertDetails?: ForwardClientCert | 'UNDEFINED' | undefined;
  readonly proxyProtocol?: object | undefined;
}

export interface ExtensionProvider {
  readonly name: string;
  readonly envoyFileAccessLog?:
    | {
        readonly path?: string | undefined;
        readonly logFormat?:
          | { readonly text?: string | undefined; readonly labels?: JsonTemplate | undefined }
          | undefined;
      }
    | undefined;
}

/** Kubernetes' label selector. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>> | undefined;
  readonly matchExpressions?:
    | readonly {
        readonly key: string;
        readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
        readonly values?: readonly string[] | undefined;
      }[]
    | undefined;
}
