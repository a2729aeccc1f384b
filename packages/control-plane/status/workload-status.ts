import { fieldsOf } from '@tulle/resources/json-object';
import type { Resource } from '@tulle/resources/kind';
import type { WorkloadInstance } from '../model/instances/instance.ts';

/** How many instances of a Workload or WorkloadGroup are registered, how many of them serve, how often they were restarted. */
export interface WorkloadCount {
  readonly replicas: number;
  readonly readyReplicas: number;
  readonly restarts: number;
}

/** By `namespace/workload`. */
export function countInstances(instances: readonly WorkloadInstance[]): ReadonlyMap<string, WorkloadCount> {
  const counts = new Map<string, WorkloadCount>();
  for (const { namespace, workload, health, restarts = 0 } of instances) {
    const key = `${namespace}/${workload}`;
    const before = counts.get(key) ?? none;
    counts.set(key, {
      replicas: before.replicas + 1,
      readyReplicas: before.readyReplicas + (health === 'healthy' ? 1 : 0),
      restarts: before.restarts + restarts,
    });
  }
  return counts;
}

const none: WorkloadCount = { replicas: 0, readyReplicas: 0, restarts: 0 };

/** The status with the counts of now; the same object when nothing differs. */
export function workloadStatus(
  { metadata }: Resource,
  status: unknown,
  counts: ReadonlyMap<string, WorkloadCount>,
): unknown {
  const current = fieldsOf(status);
  const count = counts.get(`${metadata.namespace ?? ''}/${metadata.name}`) ?? none;
  const same = (Object.keys(count) as (keyof WorkloadCount)[]).every(
    (field) => current[field] === count[field],
  );
  return same ? status : { ...current, ...count };
}
