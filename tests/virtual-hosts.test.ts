import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FakeProxy } from '@tulle/control-plane/fake-proxy.fixture';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Api, apiOf } from './api.ts';
import { adminPort, outboundPort } from './bootstraps.ts';
import { fetchOnce, type Load, startLoad } from './load.ts';
import { eventually, type Mesh, root, startMesh, temporaryFolder } from './mesh.ts';
import { joinObserver } from './observer.ts';
import { isRunning, processNamed } from './processes.ts';

const services = 300;
const changed = 'service-7';
const mark = 'x-change';

const state = temporaryFolder();
const files = temporaryFolder();
const networking = '/apis/networking.istio.io/v1/namespaces/default/virtualservices';
const core = '/api/v1/namespaces/default/services';
let mesh: Mesh;
let api: Api;
let observer: FakeProxy;

const service = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8000 }] },
});

const workload = (name: string, more: object) => ({
  apiVersion: 'tulle.dev/v1alpha1',
  kind: 'Workload',
  metadata: { name },
  spec: {
    command: ['node', join(root, 'tests/fixtures/churn/web.ts')],
    labels: { app: name, version: 'v1' },
    ports: [{ name: 'http', port: 8000 }],
    ...more,
  },
});

/** A response header tells which change a proxy has. */
const routed = (name: string, change: string) => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name },
  spec: {
    hosts: [name],
    http: [{ headers: { response: { set: { [mark]: change } } }, route: [{ destination: { host: name } }] }],
  },
});

const change = (to: string): Promise<unknown> =>
  api.request('PATCH', `${networking}/${changed}`, routed(changed, to), 'application/merge-patch+json');

const url = (): string => `http://127.0.0.1:${outboundPort(state.path, 'client-0')}/`;
const call = (host: string) => fetchOnce(url(), { host });

/** Waits until the client's sidecar has a change. */
const reached = (host: string, what: string): Promise<unknown> =>
  eventually(`${host} answers with ${what}`, async () =>
    (await call(host)).headers[mark] === what ? true : undefined,
  );

beforeAll(async () => {
  const documents = [
    { apiVersion: 'tulle.dev/v1alpha1', kind: 'Mesh', metadata: { name: 'hosts' }, spec: {} },
    workload('web', { upstreams: [] }),
    workload('client', {}),
    ...Array.from({ length: services }, (_, index) => service(`service-${index}`)),
    routed(changed, 'first'),
  ];
  const file = join(files.path, 'mesh.yaml');
  writeFileSync(file, documents.map((one) => JSON.stringify(one)).join('\n---\n'));
  mesh = await startMesh(file, state.path);
  api = apiOf(state.path);
  await reached(changed, 'first');
  observer = await joinObserver(state.path, 'observer-0', 'client-0');
  await eventually('the observer has all', async () => {
    const { virtualHost, cluster, endpoint } = observer.received;
    const called = [...cluster.keys()].filter((name) => name.startsWith('outbound|'));
    const has = virtualHost.size >= services && called.length >= services;
    return has && called.every((name) => endpoint.has(name)) ? true : undefined;
  });
});

afterAll(async () => {
  await observer?.goodbye();
  await mesh?.stop();
  state.remove();
  files.remove();
});

test('a change of one VirtualService sends its virtual host and no other', async () => {
  const before = observer.updates.length;
  await change('second');
  const name = `http_proxy/${changed}.default.svc.cluster.local:80`;
  const has = (): boolean => Buffer.from(observer.received.virtualHost.get(name) ?? '').includes('second');
  await eventually('the observer has the change', async () => (has() ? true : undefined));
  const sent = observer.updates.slice(before);
  expect(sent.map(({ type, resources }) => [type, resources.map((one) => one.name)])).toEqual([
    ['virtualHost', [name]],
  ]);
  const size = (list: Iterable<Uint8Array>): number => [...list].reduce((sum, { length }) => sum + length, 0);
  const all = size(observer.received.virtualHost.values());
  // The whole table is what was sent before: about 1 kB for each service.
  expect(all).toBeGreaterThan(services * 500);
  expect(size(sent.flatMap(({ resources }) => resources.map(({ bytes }) => bytes)))).toBeLessThan(all / 100);
  await reached(changed, 'second');
});

test('whoever shows a table shows its virtual hosts with it', async () => {
  const routes = await mesh.ok('proxy-config', 'client-0', 'routes');
  for (const shown of [changed, 'service-299', 'http_proxy']) expect(routes).toContain(shown);
  const page = await fetchOnce(`http://127.0.0.1:${adminPort(state.path, 'client-0')}/config_dump`);
  const dump = JSON.parse(page.body) as { configs: { dynamic_route_configs?: RouteEntry[] }[] };
  const tables = dump.configs.flatMap((section) => section.dynamic_route_configs ?? []);
  const table = tables.find(({ route_config: { name } }) => name === 'http_proxy');
  expect(table?.route_config.virtual_hosts.length).toBeGreaterThan(services);
  const why = await mesh.ok('explain', `http://${changed}/`, '--from', 'client');
  expect(why).toContain(`VirtualService default/${changed} spec.http[0]`);
});

interface RouteEntry {
  readonly route_config: { readonly name: string; readonly virtual_hosts: readonly unknown[] };
}

const loads = (): Load[] =>
  ['service-1', changed].map((host) => startLoad(url(), { connections: 2, headers: { host } }));

async function withoutFailure(run: () => Promise<void>): Promise<void> {
  const running = loads();
  try {
    await run();
  } finally {
    for (const { requests, failures } of await Promise.all(running.map((load) => load.stop()))) {
      expect(failures).toEqual([]);
      expect(requests).toBeGreaterThan(0);
    }
  }
}

test('virtual hosts come, change and go under load, and no request fails', async () => {
  await withoutFailure(async () => {
    for (let nth = 0; nth < 10; nth++) {
      const name = `extra-${nth % 2}`;
      await api.request('POST', core, service(name));
      await api.request('POST', networking, routed(name, `extra ${nth}`));
      await reached(name, `extra ${nth}`);
      await change(`change ${nth}`);
      await reached(changed, `change ${nth}`);
      await api.request('DELETE', `${networking}/${name}`);
      await api.request('DELETE', `${core}/${name}`);
      await eventually(`${name} is gone`, async () => ((await call(name)).status === 200 ? undefined : true));
    }
  });
});

test('a proxy that is replaced under load serves all of its table from the first request on', async () => {
  await withoutFailure(async () => {
    await mesh.ok('restart-proxy', 'client');
    await change('after the restart');
    await reached(changed, 'after the restart');
  });
});

test('a proxy that starts while the control plane hangs has the virtual hosts that it had', async () => {
  // What is accepted is written half a second later.
  const file = join(state.path, 'proxies', 'client-0', 'configuration.bin');
  await eventually('the change is stored', async () =>
    readFileSync(file).includes('after the restart') ? true : undefined,
  );
  const { pid } = processNamed(state.path, 'control-plane');
  const { pid: proxy } = processNamed(state.path, 'client-0.proxy');
  process.kill(pid, 'SIGSTOP');
  try {
    process.kill(proxy, 'SIGKILL');
    await eventually('another proxy', async () =>
      processNamed(state.path, 'client-0.proxy').pid === proxy ? undefined : true,
    );
    await reached(changed, 'after the restart');
    expect((await call('service-299')).status).toBe(200);
  } finally {
    if (isRunning(pid)) process.kill(pid, 'SIGCONT');
  }
});

test('the control plane is killed under load: no request fails, and changes arrive when it is back', async () => {
  await withoutFailure(async () => {
    const { pid } = processNamed(state.path, 'control-plane');
    process.kill(pid, 'SIGKILL');
    await eventually('another control plane', async () =>
      processNamed(state.path, 'control-plane').pid === pid ? undefined : true,
    );
    await eventually('it takes a change', async () => {
      await change('after the control plane');
      return true;
    });
    await reached(changed, 'after the control plane');
  });
});
