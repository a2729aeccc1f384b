import type { LocalityLbSetting, MtlsMode } from './istio.ts';

/** The spec of a Mesh resource: everything may be left out. */
export interface MeshSpec {
  readonly trustDomain?: string | undefined;
  readonly mtls?: { readonly mode?: MtlsMode | undefined } | undefined;
  readonly outboundTrafficPolicy?: { readonly mode?: 'ALLOW_ANY' | 'REGISTRY_ONLY' | undefined } | undefined;
  readonly dns?: { readonly serviceAddresses?: string | undefined } | undefined;
  readonly accessLog?: AccessLogSpec | undefined;
  readonly protocolDetectionTimeout?: string | undefined;
  readonly localityLbSetting?: LocalityLbSetting | undefined;
  readonly gatewayTopology?:
    | {
        readonly proxyProtocol?: object | undefined;
        readonly numTrustedProxies?: number | undefined;
        readonly forwardClientCertDetails?: ForwardClientCert | 'UNDEFINED' | undefined;
      }
    | undefined;
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

/** Envoy's `forward_client_cert_details`. */
export type ForwardClientCert =
  | 'SANITIZE'
  | 'FORWARD_ONLY'
  | 'APPEND_FORWARD'
  | 'SANITIZE_SET'
  | 'ALWAYS_FORWARD_ONLY';

/** A Mesh with its defaults. */
export interface MeshSettings {
  readonly trustDomain: string;
  readonly mtls: MtlsMode;
  readonly registryOnly: boolean;
  readonly accessLog:
    | ({ readonly path: string; readonly format: 'TEXT' | 'JSON' } & Pick<AccessLogSpec, 'text' | 'json'>)
    | undefined;
  /** CIDR, IPv4: where services get their virtual addresses. */
  readonly serviceAddresses: string;
  /** How long a client may take to say something where its first bytes tell what it speaks. */
  readonly protocolDetectionTimeout: string;
  /** Of services whose rule has none. */
  readonly localityLbSetting: LocalityLbSetting | undefined;
  /** Connections to gateways begin with a PROXY header. */
  readonly gatewayProxyProtocol: boolean;
  /** Proxies in front of gateways whose x-forwarded-for is believed. */
  readonly gatewayTrustedProxies: number;
  /** What gateways do with x-forwarded-client-cert. */
  readonly gatewayClientCert: ForwardClientCert;
  /** Where gateways listen when nothing else is said. */
  readonly gatewayAddress: string;
}

export function meshSettings(spec: MeshSpec): MeshSettings {
  const { accessLog = {}, ports = {} } = spec;
  const { format = 'TEXT', path = '/dev/stdout', text, json } = accessLog;
  const { gatewayTopology: topology = {} } = spec;
  const { forwardClientCertDetails: forward = 'SANITIZE_SET' } = topology;
  return {
    trustDomain: spec.trustDomain ?? 'cluster.local',
    mtls: spec.mtls?.mode ?? 'STRICT',
    registryOnly: spec.outboundTrafficPolicy?.mode === 'REGISTRY_ONLY',
    accessLog: accessLog.enabled === false ? undefined : { path, format, text, json },
    serviceAddresses: spec.dns?.serviceAddresses ?? '240.240.0.0/16',
    protocolDetectionTimeout: spec.protocolDetectionTimeout ?? '100ms',
    localityLbSetting: spec.localityLbSetting,
    gatewayProxyProtocol: topology.proxyProtocol !== undefined,
    gatewayTrustedProxies: topology.numTrustedProxies ?? 0,
    gatewayClientCert: forward === 'UNDEFINED' ? 'SANITIZE_SET' : forward,
    gatewayAddress: ports.address ?? '127.0.0.1',
  };
}
