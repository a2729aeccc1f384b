import type { Resource } from '@tulle/resources/kind';
import { expect, test } from 'vitest';
import { instanceOf } from './instances/instance.fixture.ts';
import type { WorkloadInstance } from './instances/instance.ts';
import { buildModel, updateInstances } from './model.ts';

const service = (name: string, namespace = 'default'): Resource => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace },
  spec: { selector: { app: name }, ports: [{ name: 'http', port: 80 }] },
});

const instance = (name: string, app: string, more: Partial<WorkloadInstance> = {}): WorkloadInstance =>
  instanceOf({ name, workload: app, serviceAccount: app, labels: { app }, ...more });

const reviews = 'default/reviews.default.svc.cluster.local';
const ratings = 'default/ratings.default.svc.cluster.local';

test('an instance serves the services of its namespace whose selector it matches', () => {
  const model = buildModel({
    mesh: {},
    resources: [service('reviews'), service('ratings'), service('reviews', 'other')],
    instances: [instance('b', 'reviews'), instance('a', 'reviews'), instance('c', 'details')],
  });
  const names = [...model.instances.byService].map(([key, list]) => [key, list.map((one) => one.name)]);
  expect(Object.fromEntries(names)).toEqual({
    [reviews]: ['a', 'b'],
    [ratings]: [],
    'other/reviews.other.svc.cluster.local': [],
  });
});

test('who has an identity of the mesh: those with a sidecar, and gateways', () => {
  const { workloads } = buildModel({
    mesh: {},
    resources: [],
    instances: [
      instance('a', 'reviews'),
      instance('b', 'edge', { tlsMode: 'disabled', isGateway: true }),
      instance('c', 'legacy', { tlsMode: 'disabled' }),
    ],
  });
  expect([...workloads.values()].map(({ workload }) => workload)).toEqual(['edge', 'reviews']);
});

test('a new set of instances leaves what it does not touch', () => {
  const resources = [service('reviews'), service('ratings')];
  const before = buildModel({
    mesh: {},
    resources,
    instances: [instance('a', 'reviews'), instance('b', 'ratings')],
  });
  const after = updateInstances(before, [
    instance('a', 'reviews'),
    instance('b', 'ratings', { health: 'draining' }),
  ]);
  expect(after.config).toBe(before.config);
  expect(after.accounts).toBe(before.accounts);
  expect(after.instances.byService.get(reviews)).toBe(before.instances.byService.get(reviews));
  expect(after.instances.byService.get(ratings)?.map((one) => one.health)).toEqual(['draining']);
});

test('accounts are known from workloads before their instances run', () => {
  const workload: Resource = {
    apiVersion: 'tulle.dev/v1alpha1',
    kind: 'Workload',
    metadata: { name: 'reviews-v1', namespace: 'default' },
    spec: { labels: { app: 'reviews' }, serviceAccount: 'bookinfo-reviews' },
  };
  const model = buildModel({ mesh: {}, resources: [service('reviews'), workload], instances: [] });
  expect(model.accounts.get(reviews)).toEqual(['bookinfo-reviews']);
  const other = updateInstances(model, [instance('a', 'reviews', { serviceAccount: 'another' })]);
  expect(other.accounts.get(reviews)).toEqual(['another', 'bookinfo-reviews']);
});

test('of two instances that claim one name the same is kept, in whatever order they come', () => {
  const twins = [
    instance('a', 'reviews', { address: '10.0.0.2' }),
    instance('a', 'reviews', { address: '10.0.0.1' }),
  ];
  for (const instances of [twins, twins.toReversed()]) {
    const model = buildModel({ mesh: {}, resources: [service('reviews')], instances });
    expect(model.instances.byService.get(reviews)?.map((one) => one.address)).toEqual(['10.0.0.1']);
  }
});

test('references that lead nowhere are problems of the resource that has them', () => {
  const route = (spec: object): Resource => ({
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'shop', namespace: 'default' },
    spec,
  });
  const model = buildModel({
    mesh: {},
    resources: [
      service('reviews'),
      route({
        hosts: ['reviews'],
        gateways: ['edge', 'mesh'],
        http: [{ route: [{ destination: { host: 'reviews', subset: 'v9' } }], mirror: { host: 'gone' } }],
      }),
    ],
    instances: [],
  });
  const found = model.config.problems
    .get('VirtualService/default/shop')
    ?.map(({ code, path }) => `${code} ${path}`);
  expect(found).toEqual([
    'unknown-gateway spec.gateways[0]',
    'unknown-subset spec.http[0].route[0].destination',
    'unknown-host spec.http[0].mirror',
  ]);
});

test('a Kubernetes Service comes before a ServiceEntry of the same host', () => {
  const entry: Resource = {
    apiVersion: 'networking.istio.io/v1',
    kind: 'ServiceEntry',
    metadata: { name: 'imposter', namespace: 'other', creationTimestamp: '2000-01-01T00:00:00Z' },
    spec: {
      hosts: ['reviews.default.svc.cluster.local'],
      ports: [{ number: 80, name: 'http' }],
      resolution: 'DNS',
    },
  };
  const { services } = buildModel({ mesh: {}, resources: [entry, service('reviews')], instances: [] }).config;
  expect(services.visible('reviews.default.svc.cluster.local', 'default')?.origin.kind).toBe('Service');
});

test('two ServiceEntries of a namespace may claim one host: they stay apart', () => {
  const entry = (name: string, labels: Record<string, string>): Resource => ({
    apiVersion: 'networking.istio.io/v1',
    kind: 'ServiceEntry',
    metadata: { name, namespace: 'default' },
    spec: {
      hosts: ['db.example'],
      ports: [{ number: 80, name: 'http' }],
      resolution: 'STATIC',
      workloadSelector: { labels },
    },
  });
  const model = buildModel({
    mesh: {},
    resources: [entry('a', { app: 'one' }), entry('b', { app: 'two' })],
    instances: [instance('x', 'two')],
  });
  expect(model.instances.byService.get('default/a/db.example')).toEqual([]);
  expect(model.instances.byService.get('default/b/db.example')?.map((one) => one.name)).toEqual(['x']);
});

test('other WorkloadEntries under the same configuration give what a model of them from the start has', () => {
  const entry = (name: string, address: string, serviceAccount = 'default'): Resource => ({
    apiVersion: 'networking.istio.io/v1',
    kind: 'WorkloadEntry',
    metadata: { name, namespace: 'default' },
    spec: { address, labels: { app: 'reviews' }, serviceAccount },
  });
  const services = [service('reviews'), service('ratings')];
  const instances = [instance('a', 'reviews'), instance('b', 'ratings')];
  const before = [entry('vm-1', '10.0.0.1'), entry('vm-2', '10.0.0.2')];
  const after = [entry('vm-3', '10.0.0.3', 'vms'), entry('vm-2', '10.0.0.4')];
  const first = buildModel({ mesh: {}, resources: [...services, ...before], instances });
  const next = updateInstances(first, instances, after);
  const fresh = buildModel({ mesh: {}, resources: [...services, ...after], instances });
  expect(next.config).toBe(first.config);
  expect([...next.instances.byService]).toEqual([...fresh.instances.byService]);
  expect([...next.accounts]).toEqual([...fresh.accounts]);
  expect([...next.workloads]).toEqual([...fresh.workloads]);
  // They stay when instances change.
  expect(updateInstances(next, []).instances.byService.get(reviews)).toHaveLength(2);
  // And a configuration with them keeps what does not depend on them.
  const rebuilt = buildModel({ mesh: {}, resources: [...services, ...after], instances }, next);
  expect(rebuilt.instances.byService.get(reviews)).toBe(next.instances.byService.get(reviews));
});
