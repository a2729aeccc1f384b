import type { Resource } from '@tulle/resources/kind';
import { compare } from '../origin.ts';
import type { SidecarIndex } from '../traffic/sidecar.ts';
import { canonicalName, canonicalRevision } from './canonical.ts';
import type { InstanceIndex } from './instances.ts';

/** Who has an identity of the mesh, as metrics name it. */
export interface WorkloadIdentity {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly workload: string;
  /** `unknown` where instances of one workload's name differ. */
  readonly canonicalName: string;
  readonly canonicalRevision: string;
  /** Empty: that of this mesh. */
  readonly cluster: string;
  /** Hosts that it declares to call, as written; undefined: it may call all. */
  readonly upstreams: readonly string[] | undefined;
}

/**
 * By `namespace/service account/workload`, sorted. Workloads are known before their first instance runs and
 * after their last one has ended, so that neither changes anything; other instances (joined processes,
 * gateways) as long as they are registered.
 */
export type WorkloadIndex = ReadonlyMap<string, WorkloadIdentity>;

interface WorkloadSpec {
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly serviceAccount?: string | undefined;
  readonly upstreams?: readonly string[] | undefined;
}

/** @param previous the same object is returned when nothing changed. */
export function indexWorkloads(
  workloads: readonly Resource[],
  sidecars: SidecarIndex,
  instances: InstanceIndex,
  previous?: WorkloadIndex,
): WorkloadIndex {
  const found = new Map<string, WorkloadIdentity>();
  for (const { metadata, spec } of workloads) {
    const { labels = {}, serviceAccount = 'default', upstreams } = (spec ?? {}) as WorkloadSpec;
    const { namespace = '', name: workload } = metadata;
    const identity = { namespace, serviceAccount, workload, cluster: '', ...named(labels, workload) };
    // `host:port`; the port makes no difference to who may call.
    const declared = upstreams?.map((written) => written.slice(0, written.lastIndexOf(':')));
    // A Sidecar decides instead; by patterns, so it is not worked out whom it leaves.
    const hosts = sidecars.decide(namespace, labels)?.egress === undefined ? declared : undefined;
    found.set(keyOf(identity), { ...identity, upstreams: hosts });
  }
  const declared = new Set(found.keys());
  for (const instance of instances.byKey.values()) {
    const { namespace, serviceAccount, workload, labels, cluster } = instance;
    // Without a proxy it has no identity.
    if (instance.tlsMode !== 'istio' && instance.isGateway !== true) continue;
    const key = keyOf({ namespace, serviceAccount, workload });
    if (declared.has(key)) continue;
    const identity = { namespace, serviceAccount, workload, cluster, ...named(labels, workload) };
    found.set(key, inCommon({ ...identity, upstreams: undefined }, found.get(key)));
  }
  const index = new Map([...found].toSorted(([a], [b]) => compare(a, b)));
  return previous !== undefined && isSame(previous, index) ? previous : index;
}

const keyOf = (of: Pick<WorkloadIdentity, 'namespace' | 'serviceAccount' | 'workload'>): string =>
  `${of.namespace}/${of.serviceAccount}/${of.workload}`;

const named = (
  labels: Readonly<Record<string, string>>,
  workload: string,
): Pick<WorkloadIdentity, 'canonicalName' | 'canonicalRevision'> => ({
  canonicalName: canonicalName(labels, workload),
  canonicalRevision: canonicalRevision(labels),
});

function inCommon(one: WorkloadIdentity, other: WorkloadIdentity = one): WorkloadIdentity {
  const both = (field: 'canonicalName' | 'canonicalRevision' | 'cluster'): string =>
    one[field] === other[field] ? one[field] : 'unknown';
  return {
    ...one,
    canonicalName: both('canonicalName'),
    canonicalRevision: both('canonicalRevision'),
    cluster: both('cluster'),
  };
}

function isSame(a: WorkloadIndex, b: WorkloadIndex): boolean {
  if (a.size !== b.size) return false;
  for (const [key, one] of b) {
    const other = a.get(key);
    if (
      other === undefined ||
      other.canonicalName !== one.canonicalName ||
      other.canonicalRevision !== one.canonicalRevision ||
      other.cluster !== one.cluster ||
      other.upstreams?.join() !== one.upstreams?.join()
    )
      return false;
  }
  return true;
}
