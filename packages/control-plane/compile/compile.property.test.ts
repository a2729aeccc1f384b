import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { collectionOf, type XdsResource, xdsTypes } from '@tulle/xds/resource';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { WorkloadInstance } from '../model/instances/instance.ts';
import { buildModel, updateInstances } from '../model/model.ts';
import { compile } from './compile.ts';
import { decode, readCase, routeTable } from './testing/golden-case.ts';
import { capturedSidecarOf, meshOf, sidecarOf } from './testing/meshes.ts';
import { danglingInBytes } from './testing/references-in-bytes.ts';

const golden = join(import.meta.dirname, 'golden');
const names = readdirSync(golden, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);

describe('equal input in any order gives equal bytes', () => {
  test.each(names)('%s', (name) => {
    const { input, proxy } = readCase(join(golden, name));
    const versions = (resources = input.resources, instances = input.instances): string[] => {
      const { snapshot } = compile(buildModel({ ...input, resources, instances }), { ...proxy });
      return Object.values(snapshot).flatMap((map) =>
        [...map.values()].map(({ name, version }) => `${name} ${version}`),
      );
    };
    const expected = versions();
    const shuffled = <T>(items: readonly T[]) => fc.shuffledSubarray([...items], { minLength: items.length });
    fc.assert(
      fc.property(shuffled(input.resources), shuffled(input.instances), (resources, instances) => {
        expect(versions(resources, instances)).toEqual(expected);
      }),
      { numRuns: 10 },
    );
  });
});

/** Hundreds of meshes are compiled: half a minute where others work, too. */
const timeout = 600_000;

test('whatever is written, its order does not matter', () => {
  const shuffled = meshOf.chain((input) =>
    fc
      .shuffledSubarray([...input.resources], { minLength: input.resources.length })
      .map((resources) => [input, { ...input, resources }] as const),
  );
  fc.assert(
    fc.property(shuffled, ([one, other]) => {
      for (const proxy of [sidecarOf, capturedSidecarOf]) {
        const [a, b] = [one, other].map((input) => compile(buildModel(input), proxy('a', [])));
        expect(b?.notes).toEqual(a?.notes);
        for (const type of xdsTypes)
          expect([...(b?.snapshot[type].values() ?? [])]).toEqual([...(a?.snapshot[type].values() ?? [])]);
      }
    }),
    { numRuns: 50 },
  );
});

test('whatever is written, nothing refers to what is not there', { timeout }, () => {
  fc.assert(
    fc.property(meshOf, (input) => {
      const model = buildModel(input);
      for (const namespace of ['a', 'b']) {
        for (const upstreams of [[], ['one:80', 'two:80', 'one.b:80', 'nowhere:80']]) {
          for (const proxy of [sidecarOf, capturedSidecarOf]) {
            const { snapshot } = compile(model, proxy(namespace, upstreams));
            expect(danglingInBytes(snapshot)).toEqual([]);
          }
        }
      }
    }),
    { numRuns: 200 },
  );
});

test('whatever is written, a table and its virtual hosts are together what an Envoy gets whole', {
  timeout,
}, () => {
  fc.assert(
    fc.property(meshOf, (input) => {
      const model = buildModel(input);
      for (const proxy of [
        sidecarOf('a', []),
        sidecarOf('b', ['one:80', 'two:80']),
        capturedSidecarOf('a', []),
      ]) {
        const metadata = { ...proxy.metadata, TULLE_ENGINE: 'envoy' as const };
        const ours = compile(model, proxy).snapshot;
        const envoys = compile(model, { ...proxy, metadata }).snapshot;
        expect(envoys.virtualHost.size).toBe(0);
        expect([...ours.route.keys()]).toEqual([...envoys.route.keys()]);
        for (const [name, whole] of envoys.route) {
          const joined = routeTable(ours, name) as XdsResource;
          expect({ ...Object(decode('route', joined.bytes)), vhds: undefined }).toEqual({
            ...Object(decode('route', whole.bytes)),
            vhds: undefined,
          });
        }
        const tables = new Set([...ours.virtualHost.keys()].map((name) => collectionOf('virtualHost', name)));
        for (const table of tables) expect(ours.route.has(table ?? '')).toBe(true);
      }
    }),
    { numRuns: 50 },
  );
});

test('what is kept from the model before makes no difference', { timeout }, () => {
  const isRouting = ({ kind }: { readonly kind: string }): boolean => kind === 'VirtualService';
  const isClients = ({ kind }: { readonly kind: string }): boolean =>
    isRouting({ kind }) || kind === 'DestinationRule';
  fc.assert(
    fc.property(
      meshOf,
      meshOf,
      fc.constantFrom(isRouting, isClients, () => true),
      (one, other, changes) => {
        const resources = [
          ...one.resources.filter((resource) => !changes(resource)),
          ...other.resources.filter((resource) => changes(resource)),
        ];
        for (const proxy of [
          sidecarOf('a', []),
          sidecarOf('b', ['one:80', 'two:80']),
          capturedSidecarOf('a', []),
        ]) {
          const before = buildModel(one);
          compile(before, proxy);
          const next = compile(buildModel({ ...one, resources }, before), proxy);
          const fresh = compile(buildModel({ ...one, resources }), { ...proxy });
          expect(next.notes).toEqual(fresh.notes);
          for (const type of xdsTypes)
            expect([...next.snapshot[type].values()]).toEqual([...fresh.snapshot[type].values()]);
        }
      },
    ),
    { numRuns: 100, seed: 11 },
  );
});

test('a change of a route leaves clusters, endpoints and what serves applications the same objects', () => {
  const { input, proxy } = readCase(join(golden, 'weights-between-subsets'));
  const before = buildModel(input);
  const routes = input.resources.filter(({ kind }) => kind === 'VirtualService');
  const others = input.resources.filter(({ kind }) => kind !== 'VirtualService');
  const changed = routes.map((one) => ({ ...one, metadata: { ...one.metadata, generation: 2 } }));
  const after = buildModel({ ...input, resources: [...changed, ...others] }, before);
  const old = compile(before, proxy).snapshot;
  const next = compile(after, proxy).snapshot;
  for (const type of ['cluster', 'endpoint'] as const)
    for (const [name, resource] of next[type])
      if (!name.endsWith('Cluster')) expect(old[type].get(name)).toBe(resource);
  for (const [name, resource] of next.listener)
    if (name.startsWith('inbound_')) expect(old.listener.get(name)).toBe(resource);
  const sent = [...next.virtualHost].flatMap(([name, { version }]) =>
    old.virtualHost.get(name)?.version === version ? [] : [name],
  );
  expect(sent).toEqual(['http_proxy/reviews.default.svc.cluster.local:9080']);
  expect(next.route.get('http_proxy')?.version).toBe(old.route.get('http_proxy')?.version);
});

test('two proxies of a namespace get the same objects', () => {
  const { input } = readCase(join(golden, 'weights-between-subsets'));
  const model = buildModel(input);
  const one = compile(model, sidecarOf('default', [], 'one')).snapshot;
  const two = compile(model, sidecarOf('default', [], 'two')).snapshot;
  for (const [name, resource] of two.cluster)
    if (!name.startsWith('inbound|')) expect(one.cluster.get(name)).toBe(resource);
  expect(one.route.get('http_proxy')).toBe(two.route.get('http_proxy'));
  expect(one.virtualHost).toBe(two.virtualHost);
  expect(one.endpoint).toBe(two.endpoint);
});

test('clusters and endpoints are the same however traffic is captured', () => {
  const model = buildModel(readCase(join(golden, 'weights-between-subsets')).input);
  const one = compile(model, sidecarOf('default', [])).snapshot;
  const two = compile(model, capturedSidecarOf('default', [])).snapshot;
  for (const [name, resource] of two.cluster)
    if (name.startsWith('outbound|')) expect(one.cluster.get(name)).toBe(resource);
  for (const [name, resource] of two.endpoint) expect(one.endpoint.get(name)).toBe(resource);
});

test('clusters and endpoints are shared across namespaces that see the same', () => {
  const { input } = readCase(join(golden, 'weights-between-subsets'));
  const model = buildModel(input);
  const one = compile(model, sidecarOf('default', [])).snapshot;
  const two = compile(model, sidecarOf('elsewhere', [])).snapshot;
  for (const [name, resource] of two.cluster)
    if (!name.startsWith('inbound|')) expect(one.cluster.get(name)).toBe(resource);
  for (const [name, resource] of two.endpoint) expect(one.endpoint.get(name)).toBe(resource);
});

test('another instance changes the endpoints of its service and nothing else', () => {
  const { input } = readCase(join(golden, 'weights-between-subsets'));
  const proxy = sidecarOf('default', []);
  const before = buildModel(input);
  const more = input.instances.map((instance) => ({ ...instance, labels: { ...instance.labels } }));
  const after = updateInstances(before, [
    ...more,
    { ...(more[0] as (typeof more)[0]), name: 'reviews-v1-1', address: '127.0.0.2' },
  ]);
  const old = compile(before, proxy).snapshot;
  const next = compile(after, proxy).snapshot;
  expect(after.config).toBe(before.config);
  for (const type of ['cluster', 'listener', 'route', 'secret'] as const) expect(next[type]).toBe(old[type]);
  const changed = [...next.endpoint].flatMap(([name, { version }]) =>
    old.endpoint.get(name)?.version === version ? [] : [name],
  );
  expect(changed).toEqual([
    'outbound|9080|v1|reviews.default.svc.cluster.local',
    'outbound|9080||reviews.default.svc.cluster.local',
  ]);
});

test('equal instances in new objects change nothing', () => {
  const { input } = readCase(join(golden, 'weights-between-subsets'));
  const proxy = sidecarOf('default', []);
  const before = buildModel(input);
  const after = updateInstances(before, structuredClone([...input.instances]));
  const old = compile(before, proxy).snapshot;
  const next = compile(after, proxy).snapshot;
  for (const [name, resource] of next.endpoint) expect(old.endpoint.get(name)).toBe(resource);
});

test('callers change with workloads and their labels, not with instances', () => {
  const { input, proxy } = readCase(join(golden, 'callers'));
  const before = buildModel(input);
  const old = compile(before, proxy).snapshot.workload;
  expect(old.size).toBeGreaterThan(3);
  const [first, ...others] = input.instances as [WorkloadInstance];
  const after = updateInstances(before, [
    { ...first, name: 'ratings-v1-7', address: '127.0.0.9' },
    ...others,
  ]);
  expect(after.instances).not.toBe(before.instances);
  expect(compile(after, proxy).snapshot.workload).toBe(old);
  expect(compile(updateInstances(before, others), proxy).snapshot.workload).toBe(old);
  const portless = { ...proxy.metadata, TULLE_INBOUND: [] };
  expect(compile(before, { ...proxy, metadata: portless }).snapshot.workload.size).toBe(0);
});

test('each compiled resource names what it stems from', () => {
  const { input, proxy } = readCase(join(golden, 'weights-between-subsets'));
  const { snapshot } = compile(buildModel(input), proxy);
  const namesOf = (type: 'cluster' | 'route' | 'virtualHost', kind: string): string[] =>
    [...snapshot[type].values()]
      .filter(({ origins }) => origins.some((origin) => origin.kind === kind))
      .map(({ name }) => name);
  expect(namesOf('route', 'VirtualService')).toEqual([]);
  expect(namesOf('virtualHost', 'VirtualService')).toEqual([
    'http_proxy/reviews.default.svc.cluster.local:9080',
  ]);
  expect(namesOf('cluster', 'DestinationRule').toSorted()).toEqual([
    'outbound|9080|v1|reviews.default.svc.cluster.local',
    'outbound|9080|v2|reviews.default.svc.cluster.local',
    'outbound|9080||reviews.default.svc.cluster.local',
  ]);
});
