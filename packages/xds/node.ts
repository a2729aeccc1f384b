/** The Istio whose API ours is (its CRDs), which our proxies say that they are of: patches for a version look at it. */
export const istioVersion = '1.32.0';

/**
 * What a proxy says of itself: the `metadata` of its xDS Node message. Field names follow Istio's node
 * metadata where Istio has the field; `TULLE_…` are ours. The control plane believes namespace and service
 * account only as far as the peer certificate agrees.
 *
 * Node.id is `sidecar~<address>~<instance>.<namespace>~<namespace>.svc.cluster.local`, or `router~…` for a
 * gateway, as Istio's.
 */
export interface ProxyMetadata {
  readonly NAMESPACE: string;
  readonly SERVICE_ACCOUNT: string;
  /** The instance: unique within the namespace, e.g. `reviews-v1-0`. */
  readonly NAME: string;
  /** The Workload (or what stands for it) that the instance belongs to, e.g. `reviews-v1`. */
  readonly WORKLOAD_NAME: string;
  readonly LABELS: Readonly<Record<string, string>>;
  readonly CLUSTER_ID: string;
  readonly MESH_ID: string;
  readonly NETWORK?: string;
  /** Of an Istio: EnvoyFilter's `proxyVersion` is held against it. */
  readonly ISTIO_VERSION?: string;
  /** `tulle` or `envoy`: what an engine can't do is left out for it. */
  readonly TULLE_ENGINE: 'tulle' | 'envoy';
  /** The application's ports: where the sidecar listens for the mesh and where the app listens. */
  readonly TULLE_INBOUND: readonly InboundPort[];
  /** Captured outbound traffic. */
  readonly TULLE_OUTBOUND: OutboundCapture;
  /** Present when the application's traffic is redirected to the sidecar. */
  readonly TULLE_CAPTURE?: TransparentCapture;
  /** Loopback port of the admin endpoint. */
  readonly TULLE_ADMIN_PORT: number;
  /** Load-balancing weight of the instance; 1 when absent. */
  readonly TULLE_WEIGHT?: number;
  /** `region/zone/subzone`. */
  readonly TULLE_LOCALITY?: string;
}

export interface InboundPort {
  /** The port that callers know: a Service's targetPort selects it by number or name. */
  readonly port: number;
  readonly name?: string;
  /** As Service.ports[].appProtocol or the port name's prefix says; sniffed when absent. */
  readonly protocol?: string;
  /** Where the sidecar listens for the mesh. */
  readonly bindAddress: string;
  readonly bindPort: number;
  /** Where the application listens. */
  readonly appAddress: string;
  readonly appPort: number;
}

export interface OutboundCapture {
  /** The HTTP proxy that `http_proxy` points to. */
  readonly httpProxy?: { readonly address: string; readonly port: number };
  /** One loopback listener per declared upstream. */
  readonly upstreams: readonly UpstreamListener[];
  /** True: the application calls its declared upstreams only, be they none. Else all services, when none is declared. */
  readonly onlyDeclared?: boolean;
}

/** Where redirected traffic arrives. */
export interface TransparentCapture {
  /** Loopback addresses, one per family that the machine has. */
  readonly addresses: readonly string[];
  /** What the application opens (Istio's 15001). */
  readonly outboundPort: number;
  /** What comes to the application's own ports (Istio's 15006). */
  readonly inboundPort: number;
  /** What it asks of names (Istio's 15053). */
  readonly dnsPort: number;
}

export interface UpstreamListener {
  /** As the Workload declares it: `reviews`, `reviews.ns`, or fully qualified. */
  readonly host: string;
  /** The service's port. */
  readonly port: number;
  readonly bindAddress: string;
  readonly bindPort: number;
}

export type ProxyRole = 'sidecar' | 'router';

/** @throws never; returns undefined for an id that is not of the form above. */
export function parseNodeId(
  id: string,
): { role: ProxyRole; address: string; instance: string; namespace: string } | undefined {
  const [role, address, name, domain, ...rest] = id.split('~');
  if ((role !== 'sidecar' && role !== 'router') || !address || !name || !domain || rest.length > 0)
    return undefined;
  const dot = name.lastIndexOf('.');
  if (dot <= 0 || dot === name.length - 1) return undefined;
  return { role, address, instance: name.slice(0, dot), namespace: name.slice(dot + 1) };
}

/** Istio’s: `sidecar~<address>~<instance>.<namespace>~<namespace>.svc.cluster.local`. */
export function formatNodeId(role: ProxyRole, address: string, instance: string, namespace: string): string {
  return `${role}~${address}~${instance}.${namespace}~${namespace}.svc.cluster.local`;
}
