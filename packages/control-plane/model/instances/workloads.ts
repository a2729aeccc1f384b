import type { Resource } from '@tulle/resources/kind';
import { compare } from '../origin.ts';
import type { SidecarIndex } from '../traffic/sidecar.ts';
import { canonicalName, canonicalRevision } from './canonical.ts';
import type { Groups, InstanceList } from './instance-list.ts';
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

/** What identities are made of, but for instances. */
interface Declaring {
  readonly workloads: readonly Resource[];
  readonly sidecars: SidecarIndex;
}

/** @param previous the same object is returned when nothing changed */
export function indexWorkloads(
  config: Declaring,
  instances: InstanceIndex,
  previous?: {
    readonly config: Declaring;
    readonly instances: InstanceIndex;
    readonly workloads: WorkloadIndex;
  },
): WorkloadIndex {
  const { workloads, sidecars } = config;
  const isKept = previous?.config.workloads === workloads && previous.config.sidecars === sidecars;
  if (isKept && sameIdentities(previous.instances.byWorkload, instances.byWorkload))
    return previous.workloads;
  const found = declaredIdentities(config);
  const declared = new Set(found.keys());
  for (const list of instances.byWorkload.values()) {
    for (const identity of identitiesOf(list)) {
      const key = keyOf(identity);
      if (!declared.has(key)) found.set(key, inCommon(identity, found.get(key)));
    }
  }
  const index = new Map([...found].toSorted(([a], [b]) => compare(a, b)));
  return previous !== undefined && isSame(previous.workloads, index) ? previous.workloads : index;
}

/** Workloads that are resources, by their keys. */
function declaredIdentities({ workloads, sidecars }: Declaring): Map<string, WorkloadIdentity> {
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
  return found;
}

const known = new WeakMap<InstanceList, readonly WorkloadIdentity[]>();

/** Under which identities a workload's instances run: one for each service account. */
function identitiesOf(list: InstanceList): readonly WorkloadIdentity[] {
  const before = known.get(list);
  if (before !== undefined) return before;
  const found = new Map<string, WorkloadIdentity>();
  for (const { namespace, serviceAccount, workload, labels, cluster, tlsMode, isGateway } of list) {
    // Without a proxy it has no identity.
    if (tlsMode !== 'istio' && isGateway !== true) continue;
    const identity = { namespace, serviceAccount, workload, cluster, ...named(labels, workload) };
    found.set(serviceAccount, inCommon({ ...identity, upstreams: undefined }, found.get(serviceAccount)));
  }
  const identities = [...found.values()];
  known.set(list, identities);
  return identities;
}

function sameIdentities(a: Groups, b: Groups): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const [key, list] of b) {
    const before = a.get(key);
    if (before === list) continue;
    if (before === undefined) return false;
    const [was, is] = [identitiesOf(before), identitiesOf(list)];
    if (was.length !== is.length || is.some((one, at) => !isSameIdentity(was[at], one))) return false;
  }
  return true;
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
  for (const [key, one] of b) if (!isSameIdentity(a.get(key), one)) return false;
  return true;
}

const isSameIdentity = (a: WorkloadIdentity | undefined, b: WorkloadIdentity): boolean =>
  a !== undefined &&
  keyOf(a) === keyOf(b) &&
  a.canonicalName === b.canonicalName &&
  a.canonicalRevision === b.canonicalRevision &&
  a.cluster === b.cluster &&
  a.upstreams?.join() === b.upstreams?.join();
