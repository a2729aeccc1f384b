import { leavesOf, withField } from '@tulle/control-plane/compile/testing/probe';
import type { WorkloadGroup } from '@tulle/resources/istio/workload-group';
import { workloadGroup } from '@tulle/resources/istio/workload-group';
import { expect, test } from 'vitest';
import { planGroup } from './group-plan.ts';

const group = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'WorkloadGroup',
  metadata: { name: 'reviews', namespace: 'bookinfo' },
  spec: {
    metadata: { labels: { app: 'reviews' } },
    template: { ports: { grpc: 3550, http: 8080 }, serviceAccount: 'reviews', locality: 'eu/a', weight: 3 },
    probe: { initialDelaySeconds: 5, periodSeconds: 0, httpGet: { path: '/ready', port: 3100, scheme: '' } },
  },
} satisfies WorkloadGroup;

test('a group as an instance has it', () => {
  expect(planGroup(group)).toEqual({
    namespace: 'bookinfo',
    workload: 'reviews',
    serviceAccount: 'reviews',
    labels: { app: 'reviews', 'tulle.dev/workload-group': 'reviews' },
    ports: [
      { port: 3550, name: 'grpc', appPort: 3550 },
      { port: 8080, name: 'http', appPort: 8080 },
    ],
    locality: 'eu/a',
    weight: 3,
    readiness: { initialDelaySeconds: 5, httpGet: { path: '/ready', port: 3100, httpHeaders: [] } },
  });
  expect(planGroup({ ...group, spec: { template: {} } })).toEqual({
    namespace: 'bookinfo',
    workload: 'reviews',
    serviceAccount: 'default',
    labels: { 'tulle.dev/workload-group': 'reviews' },
    ports: [],
  });
});

test('every field but those that warn changes what an instance is', () => {
  const planned = (path: string, value?: unknown): string => {
    const base = { ...group, spec: { ...group.spec, template: {}, metadata: {}, probe: {} } };
    // Of a probe that asks something else the port says where.
    const needed = path.startsWith('spec.probe.grpc') ? withField(base, 'spec.probe.grpc.port', 1) : base;
    return JSON.stringify(planGroup(withField(needed, path, value) as WorkloadGroup));
  };
  const without = leavesOf(workloadGroup)
    .filter(({ path, candidates }) => candidates.every((value) => planned(path) === planned(path, value)))
    .map(({ path }) => path);
  expect(without.toSorted()).toEqual(Object.keys(workloadGroup.inert).toSorted());
});
