import type { Resource } from '@tulle/resources/kind';
import type { WorkloadInstance } from '../model/instance.ts';

/** How many instances of a Workload are registered, and how many of them serve. */
export interface WorkloadCount {
  readonly replicas: number;
  readonly readyReplicas: number;
}

/** By `namespace/workload`. */
export function countInstances(instances: readonly WorkloadInstance[]): ReadonlyMap<string, WorkloadCount> {
  const counts = new Map<string, WorkloadCount>();
  for (const { namespace, workload, health } of instances) {
    const key = `${namespace}/${workload}`;
    const { replicas, readyReplicas } = counts.get(key) ?? none;
    counts.set(key, {
      replicas: replicas + 1,
      readyReplicas: readyReplicas + (health === 'healthy' ? 1 : 0),
    });
  }
  return counts;
}

const none: WorkloadCount = { replicas: 0, readyReplicas: 0 };

/** The status with the counts of now; the same object when nothing differs. */
export function workloadStatus(
  { metadata }: Resource,
  status: unknown,
  counts: ReadonlyMap<string, WorkloadCount>,
): unknown {
  const current = typeof status === 'object' && status !== null ? (status as Record<string, unknown>) : {};
  const count = counts.get(`${metadata.namespace ?? ''}/${metadata.name}`) ?? none;
  const same = current.replicas === count.replicas && current.readyReplicas === count.readyReplicas;
  return same ? status : { ...current, ...count };
}
