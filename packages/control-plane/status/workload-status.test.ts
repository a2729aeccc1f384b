import { describe, expect, it } from 'vitest';
import { instanceOf } from '../model/instances/instance.fixture.ts';
import type { WorkloadInstance } from '../model/instances/instance.ts';
import { countInstances, workloadStatus } from './workload-status.ts';

const instance = (name: string, health: WorkloadInstance['health']): WorkloadInstance =>
  instanceOf({ name, workload: 'reviews-v1', health });
const workload = {
  apiVersion: 'tulle.dev/v1alpha1',
  kind: 'Workload',
  metadata: { name: 'reviews-v1', namespace: 'default' },
};

describe('the status of a Workload', () => {
  it('counts its instances and those that serve, and keeps the rest', () => {
    const counts = countInstances([
      instance('a', 'healthy'),
      instance('b', 'draining'),
      { ...instance('c', 'unhealthy'), restarts: 3 },
    ]);
    const status = workloadStatus(workload, { other: 2 }, counts);
    expect(status).toEqual({ other: 2, replicas: 3, readyReplicas: 1, restarts: 3 });
    expect(workloadStatus(workload, status, counts)).toBe(status);
    expect(workloadStatus(workload, undefined, new Map())).toEqual({
      replicas: 0,
      readyReplicas: 0,
      restarts: 0,
    });
  });
});
