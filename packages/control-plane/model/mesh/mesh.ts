import type { ConnectionPool, HttpRetry, MtlsMode } from '../istio.ts';
import type { LocalitySettings } from '../traffic/locality.ts';
import { type AccessLogSettings, accessLogsOf } from './mesh-access-log.ts';
import type {
  ForwardClientCert,
  GatewayTopology,
  LabelSelector,
  MeshConfigSpec,
  PathNormalization,
  TlsConfig,
} from './mesh-config.ts';
import type { MeshNetworksSpec } from './mesh-networks.ts';

/** The spec of a Mesh resource: everything may be left out. */
export interface MeshSpec extends MeshConfigSpec {
  readonly mtls?: { readonly mode?: MtlsMode | undefined } | undefined;
  readonly dns?: { readonly serviceAddresses?: string | undefined } | undefined;
  readonly accessLog?: AccessLogSpec | undefined;
  /** As `defaultConfig.gatewayTopology`, before which it comes. */
  readonly gatewayTopology?: GatewayTopology | undefined;
  readonly meshNetworks?: MeshNetworksSpec | undefined;
  readonly ports?:
    | {
        readonly api?: number | undefined;
        readonly http?: number | undefined;
        readonly https?: number | undefined;
        readonly address?: string | undefined;
      }
    | undefined;
}

export interface AccessLogSpec {
  readonly enabled?: boolean | undefined;
  readonly format?: 'TEXT' | 'JSON' | undefined;
  /** Envoy's format string; Istio's default when absent. */
  readonly text?: string | undefined;
  readonly json?: JsonTemplate | undefined;
  readonly path?: string | undefined;
}
/** Names and format strings; may be nested. */
export type JsonTemplate = Readonly<Record<string, unknown>>;

/** A Mesh with its defaults. */
export interface MeshSettings {
  /** The mesh's own first, then those whose identities are taken for the same. */
  readonly trustDomains: readonly [string, ...string[]];
  readonly mtls: MtlsMode;
  readonly registryOnly: boolean;
  readonly accessLogs: readonly AccessLogSettings[];
  /** CIDR, IPv4: where services get their virtual addresses. */
  readonly serviceAddresses: string;
  /** How long a client may take to say something where its first bytes tell what it speaks. */
  readonly protocolDetectionTimeout: string;
  /** Of all destinations, where no DestinationRule says. */
  readonly localities: LocalitySettings;
  /** Of all routes that do not say; undefined: Istio's. */
  readonly retries: HttpRetry | undefined;
  /** How services are called where no DestinationRule says. */
  readonly clients: ClientSettings;
  readonly pathNormalization: Exclude<PathNormalization, 'DEFAULT'>;
  /** Who sees resources without exportTo; empty: everybody. */
  readonly exportTo: Readonly<Record<'services' | 'virtualServices' | 'destinationRules', readonly string[]>>;
  readonly discoverySelectors: readonly LabelSelector[];
  readonly gateways: GatewaySettings;
  readonly tls: {
    /** Groups for the key exchange of the mesh's own mTLS, best first. Empty: the engine's. */
    readonly meshCurves: readonly string[];
    /** Of all TLS but the mesh's own, where nothing else is said. */
    readonly defaults: TlsConfig;
  };
  /** How often the names of DNS clusters are looked up again where their records do not say; undefined: the engine's. */
  readonly dnsRefreshRate: string | undefined;
  /** Patterns of clusters' names in statistics; empty: their own. */
  readonly statNames: { readonly inbound: string; readonly outbound: string };
}

export interface ClientSettings {
  readonly connectTimeout: string;
  readonly tcpKeepalive: NonNullable<ConnectionPool['tcp']>['tcpKeepalive'];
  readonly h2UpgradePolicy: MeshConfigSpec['h2UpgradePolicy'];
  /** mTLS by itself, where the other side takes it. */
  readonly autoMtls: boolean;
  /** Where TLS is begun and a rule names neither roots nor names. */
  readonly verifyCertificates: boolean;
}

export interface GatewaySettings {
  /** Connections begin with a PROXY header. */
  readonly proxyProtocol: boolean;
  /** Where they listen when nothing else is said. */
  readonly address: string;
  /** Proxies in front of them whose x-forwarded-for is believed. */
  readonly trustedProxies: number;
  /** What they do with x-forwarded-client-cert. */
  readonly clientCertificate: ForwardClientCert;
}

/** The mesh’s settings with every default filled in: Istio’s, but mTLS is STRICT where nobody says. */
export function meshSettings(spec: MeshSpec): MeshSettings {
  const { ports = {}, defaultConfig } = spec;
  const topology = { ...defaultConfig?.gatewayTopology, ...spec.gatewayTopology };
  const { forwardClientCertDetails: forward = 'UNDEFINED' } = topology;
  const { normalization = 'DEFAULT' } = spec.pathNormalization ?? {};
  return {
    trustDomains: [spec.trustDomain ?? 'cluster.local', ...(spec.trustDomainAliases ?? [])],
    mtls: spec.mtls?.mode ?? 'STRICT',
    registryOnly: spec.outboundTrafficPolicy?.mode === 'REGISTRY_ONLY',
    accessLogs: accessLogsOf(spec),
    serviceAddresses: spec.dns?.serviceAddresses ?? '240.240.0.0/16',
    protocolDetectionTimeout: spec.protocolDetectionTimeout ?? '100ms',
    localities: {
      localityLbSetting: spec.localityLbSetting,
      zoneAwareLbSetting: spec.zoneAwareLbSetting,
    },
    retries: spec.defaultHttpRetryPolicy,
    clients: {
      connectTimeout: spec.connectTimeout ?? '10s',
      tcpKeepalive: spec.tcpKeepalive,
      h2UpgradePolicy: spec.h2UpgradePolicy,
      autoMtls: spec.enableAutoMtls ?? true,
      verifyCertificates: spec.verifyCertificateAtClient ?? true,
    },
    pathNormalization: normalization === 'DEFAULT' ? 'BASE' : normalization,
    exportTo: {
      services: spec.defaultServiceExportTo ?? [],
      virtualServices: spec.defaultVirtualServiceExportTo ?? [],
      destinationRules: spec.defaultDestinationRuleExportTo ?? [],
    },
    discoverySelectors: spec.discoverySelectors ?? [],
    gateways: {
      proxyProtocol: topology.proxyProtocol !== undefined,
      address: ports.address ?? '127.0.0.1',
      trustedProxies: topology.numTrustedProxies ?? 0,
      clientCertificate: forward === 'UNDEFINED' ? 'SANITIZE_SET' : forward,
    },
    tls: { meshCurves: spec.meshMTLS?.ecdhCurves ?? [], defaults: spec.tlsDefaults ?? {} },
    dnsRefreshRate: spec.dnsRefreshRate,
    statNames: {
      inbound: spec.inboundClusterStatName ?? '',
      outbound: spec.outboundClusterStatName ?? '',
    },
  };
}
