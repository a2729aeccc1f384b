import { renameSync } from 'node:fs';
import { join } from 'node:path';
import type { FakeProxy } from '@tulle/control-plane/fake-proxy.fixture';
import type { Resource } from '@tulle/resources/kind';
import { decode } from '@tulle/xds/wire';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiOf } from './api.ts';
import { fetchOnce, startLoad } from './load.ts';
import { eventually, type Mesh, startMesh, temporaryFolder } from './mesh.ts';
import { joinObserver } from './observer.ts';
import { isRunning, processNamed } from './processes.ts';

const state = temporaryFolder();
let mesh: Mesh;
/** Processes that stand still, and must not when the mesh is to end. */
const held = new Set<number>();

const hold = (name: string): void => {
  const { pid } = processNamed(state.path, name);
  held.add(pid);
  process.kill(pid, 'SIGSTOP');
};
const letGo = (): void => {
  for (const pid of held) if (isRunning(pid)) process.kill(pid, 'SIGCONT');
  held.clear();
};

beforeAll(async () => {
  mesh = await startMesh('examples/bookinfo/mesh.yaml', state.path);
});

afterAll(async () => {
  letGo();
  await mesh?.stop();
  state.remove();
});

const reviews = () => `${mesh.url}/api/v1/products/0/reviews`;
const cluster = 'outbound|9080||reviews.default.svc.cluster.local';

interface ProxyState {
  readonly name: string;
  readonly connected: boolean;
}

/** From the API at once: those that are held back are given up 30 s after the control plane has started. */
const proxies = async (): Promise<readonly ProxyState[]> => {
  const named = async (kind: string): Promise<readonly string[]> => {
    const { items } = await apiOf(state.path).request('GET', `/apis/tulle.dev/v1alpha1/${kind}`);
    return (items as readonly Resource[]).map(({ metadata }) => metadata.name);
  };
  const [registered, connected] = await Promise.all([named('registrations'), named('proxies')]);
  return registered.map((name) => ({ name, connected: connected.includes(name) }));
};

const connected = (except: readonly string[]) =>
  eventually(`all but ${except} are connected`, async () => {
    const waiting = (await proxies()).filter((one) => !one.connected && !except.includes(one.name));
    return waiting.length === 0 ? true : undefined;
  });

/** Kills a process and waits for the one that takes its place. */
const killAndAwaitSuccessor = async (name: string): Promise<void> => {
  const { pid } = processNamed(state.path, name);
  process.kill(pid, 'SIGKILL');
  await eventually(`a new ${name}`, async () =>
    processNamed(state.path, name).pid === pid ? undefined : true,
  );
};

/** A proxy that proxies nothing and remembers every endpoint set that it was sent. */
const observe = async (instance: string): Promise<FakeProxy> => {
  const proxy = await joinObserver(state.path, instance, 'details-v1-0');
  await eventually('the observer has the endpoints', async () =>
    proxy.received.endpoint.has(cluster) ? true : undefined,
  );
  return proxy;
};

/** How many healthy endpoints each set of the cluster had that an observer was sent; removals are sets of none. */
const sizesOf = (proxy: FakeProxy): number[] =>
  proxy.updates
    .filter(({ type }) => type === 'endpoint')
    .flatMap(({ resources, removed }) => [
      ...resources
        .filter(({ name }) => name === cluster)
        .map(({ bytes }) => decode('envoy.config.endpoint.v3.ClusterLoadAssignment', bytes).endpoints)
        .map((groups) => groups.flatMap(({ lbEndpoints }) => lbEndpoints))
        .map((endpoints) => endpoints.filter(({ healthStatus }) => healthStatus === 'HEALTHY').length),
      ...removed.filter((name) => name === cluster).map(() => 0),
    ]);

test('a control plane that starts while half of the sidecars are held back shortens no endpoint set', async () => {
  const earlier = await observe('observer-0');
  expect(sizesOf(earlier).at(-1)).toBe(3);
  const load = startLoad(`${mesh.url}/api/v1/products`, { connections: 2 });
  const absent = ['reviews-v1-0', 'reviews-v2-0', 'ratings-v1-0'];
  for (const name of absent) hold(`${name}.proxy`);
  await killAndAwaitSuccessor('control-plane');
  await eventually('the API answers', async () => ((await proxies()).length > 0 ? true : undefined));
  await connected(absent);
  await eventually('the observer is back', async () => (earlier.ended.length > 0 ? true : undefined));
  // One that knows nothing yet is sent whole sets.
  const later = await observe('observer-1');
  const states = new Map((await proxies()).map((one) => [one.name, one.connected]));
  expect(absent.map((name) => states.get(name))).toEqual(absent.map(() => false));
  letGo();
  await connected([]);
  for (const proxy of [earlier, later]) {
    expect(sizesOf(proxy).length).toBeGreaterThan(0);
    expect(new Set(sizesOf(proxy))).toEqual(new Set([3]));
    await proxy.goodbye();
  }
  const { failures } = await load.stop();
  expect(failures).toEqual([]);
});

const versionsSeen = async (count: number): Promise<Set<string>> => {
  const answers = await Promise.all(Array.from({ length: count }, () => fetchOnce(reviews())));
  return new Set(answers.map(({ body }) => /"version":"(v\d)"/.exec(body)?.[1] ?? 'none'));
};

const v3Serves = (when: string) =>
  eventually(`v3 serves ${when}`, async () => ((await versionsSeen(20)).has('v3') ? true : undefined));

test('a sidecar that starts while the control plane hangs serves by its last good configuration', async () => {
  hold('control-plane');
  await killAndAwaitSuccessor('reviews-v3-0.proxy');
  await v3Serves('beside a control plane that hangs');
  letGo();
  await connected([]);
});

test('a sidecar that starts while there is no control plane serves by its last good configuration', async () => {
  const config = join(state.path, 'run', 'control-plane.json');
  renameSync(config, `${config}.away`);
  const { pid } = processNamed(state.path, 'control-plane');
  process.kill(pid, 'SIGKILL');
  await eventually('the control plane is gone', async () => (isRunning(pid) ? undefined : true));
  await killAndAwaitSuccessor('reviews-v3-0.proxy');
  await v3Serves('without a control plane');
  renameSync(`${config}.away`, config);
  await eventually('the control plane is back', async () =>
    (await proxies()).length > 0 ? true : undefined,
  );
  await connected([]);
});
