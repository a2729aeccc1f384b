import type { EndpointCheck } from './health-check.ts';

export interface Endpoint {
  /** An IP address, a name where names are resolved, or the path of a Unix socket (the port is 0). */
  readonly address: string;
  readonly port: number;
  readonly weight: number;
  readonly priority: number;
  /** `region/zone/subzone`, or empty. */
  readonly locality: string;
  /** Of the whole locality; it counts where the cluster's localities are weighted. */
  readonly localityWeight: number;
  readonly health: 'healthy' | 'unhealthy' | 'draining';
  /** `envoy.transport_socket_match` of the endpoint's metadata. */
  readonly transport: Readonly<Record<string, string>>;
  /** Istio's `metadata.istio.workload`: `workload;namespace;canonical-name;canonical-revision;cluster`. */
  readonly workload?: WorkloadLabels;
  /** How active checks of it differ from those of the cluster. */
  readonly healthCheck?: EndpointCheck;
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
