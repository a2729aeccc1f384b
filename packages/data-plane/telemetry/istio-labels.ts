import type { Caller, WorkloadLabels } from '@tulle/decision/tables/endpoint';

/** Labels that are the same for all requests between two workloads, in Istio's order. */
const pairLabels = [
  'reporter',
  'source_workload',
  'source_canonical_service',
  'source_canonical_revision',
  'source_workload_namespace',
  'source_principal',
  'source_app',
  'source_version',
  'source_cluster',
  'destination_workload',
  'destination_workload_namespace',
  'destination_principal',
  'destination_app',
  'destination_version',
  'destination_service',
  'destination_canonical_service',
  'destination_canonical_revision',
  'destination_service_name',
  'destination_service_namespace',
  'destination_cluster',
] as const;

export const httpLabels: readonly string[] = [
  ...pairLabels,
  'request_protocol',
  'response_code',
  'grpc_response_status',
  'response_flags',
  'connection_security_policy',
];

export const tcpLabels: readonly string[] = [
  ...pairLabels,
  'request_protocol',
  'response_flags',
  'connection_security_policy',
];

export interface IstioPairInput {
  /** `source`: we are the caller's proxy or a gateway; `destination`: the callee's. */
  readonly reporter: 'source' | 'destination';
  readonly self: WorkloadLabels;
  /** The other side, as far as it is known. */
  readonly peer: WorkloadLabels | undefined;
  /** URI SANs of the mTLS connection; empty: none. */
  readonly selfPrincipal: string;
  readonly peerPrincipal: string;
  /** Host of the called service, by the cluster or else by the Host field; empty: unknown. */
  readonly serviceHost: string;
  /** Its short name, `PassthroughCluster` or `BlackHoleCluster`; empty: unknown. */
  readonly serviceName: string;
  /** Istio reports `unknown` at the source, which does not know it; we do. */
  readonly security: 'mutual_tls' | 'none' | 'unknown';
}

const unknown = 'unknown';

/** Values for the first labels, with the fallbacks of Istio's stats filter. */
export function pairValues(input: IstioPairInput): string[] {
  const { reporter, self, peer, serviceHost, serviceName } = input;
  const self8 = sideOf(self, self.namespace, input.selfPrincipal);
  // The certificate's namespace is proven, the metadata's is said.
  const peerNamespace = namespaceOf(input.peerPrincipal) || peer?.namespace || '';
  const peer8 = sideOf(peer, peerNamespace, input.peerPrincipal);
  const destination = reporter === 'destination' ? self8 : peer8;
  const source = reporter === 'destination' ? peer8 : self8;
  const fallback = reporter === 'destination' ? self.canonicalName : '';
  return [
    reporter,
    source.workload,
    source.canonicalName,
    source.canonicalRevision,
    source.namespace,
    source.principal,
    source.app,
    source.version,
    source.cluster,
    destination.workload,
    destination.namespace,
    destination.principal,
    destination.app,
    destination.version,
    serviceHost || fallback || unknown,
    destination.canonicalName,
    destination.canonicalRevision,
    serviceName || fallback || unknown,
    destination.namespace,
    destination.cluster,
  ];
}

function sideOf(labels: WorkloadLabels | undefined, namespace: string, principal: string): Caller {
  return {
    workload: labels?.workload || unknown,
    namespace: namespace || unknown,
    app: labels?.app || unknown,
    version: labels?.version || unknown,
    canonicalName: labels?.canonicalName || unknown,
    canonicalRevision: labels?.canonicalRevision || 'latest',
    cluster: labels?.cluster || unknown,
    principal: principal || unknown,
  };
}

/** Of `spiffe://<trust domain>/ns/<namespace>/sa/<account>`; empty if there is none. */
export function namespaceOf(principal: string): string {
  return /\/ns\/([^/]+)/.exec(principal)?.[1] ?? '';
}
