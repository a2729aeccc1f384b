import type { Destination, Strings } from './common.ts';
import type { ConnectionPool } from './destination-rule.ts';
import type { ServerTls } from './gateway.ts';

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
