/** By this label of an instance its WorkloadGroup is known. */
export const groupLabel = 'tulle.dev/workload-group';

/**
 * A workload instance that can serve: what discovery finds, whatever the platform. The endpoints of a
 * service are the instances that its selector matches.
 */
export interface WorkloadInstance {
  /** Unique within its namespace. */
  readonly name: string;
  readonly namespace: string;
  readonly workload: string;
  readonly serviceAccount: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly address: string;
  /** Port that callers know ⇒ port to connect to at `address` (the sidecar's, when there is one). */
  readonly ports: readonly { readonly port: number; readonly name?: string; readonly target: number }[];
  /** A service's port finds its own by name first, as a WorkloadEntry's: not by number alone. */
  readonly portsByName?: boolean;
  /** `istio`: a sidecar answers with mTLS. `disabled`: plain text. */
  readonly tlsMode: 'istio' | 'disabled';
  /** It has an identity of the mesh and calls with it, whatever it answers with. */
  readonly isGateway?: boolean;
  readonly weight: number;
  /** `region/zone/subzone`, or empty. */
  readonly locality: string;
  readonly network: string;
  readonly cluster: string;
  /** `draining` endpoints get no new requests; `unhealthy` ones only in panic. */
  readonly health: 'healthy' | 'unhealthy' | 'draining';
  /** Restarts so far, for the Workload's status; nothing is compiled from it. */
  readonly restarts?: number;
}
