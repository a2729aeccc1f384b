/** Who joins by a WorkloadGroup: labels, account, ports and probe are the group's, and a WorkloadEntry shows it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '@tulle/data-plane/testing/free-port';
import type { Resource } from '@tulle/resources/kind';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apiOf } from './api.ts';
import { fetchOnce } from './load.ts';
import { command, eventually, type Mesh, root, startMesh, temporaryFolder, tulle } from './mesh.ts';
import { processNamed } from './processes.ts';

const state = temporaryFolder();
const control = temporaryFolder();
let mesh: Mesh;
let member: ChildProcess;
let said = '';
/** A program that something else runs, and the proxy that has it in the mesh. */
let program: ChildProcess;
let proxy: ChildProcess;

const resources = (port: number, hosted: number): string => `
apiVersion: tulle.dev/v1alpha1
kind: Mesh
metadata: { name: groups }
spec: {}
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: legacy }
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: legacy }
spec:
  hosts: [legacy.example.com]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{ number: 80, name: web, protocol: HTTP }]
  workloadSelector: { labels: { app: legacy } }
---
apiVersion: networking.istio.io/v1
kind: WorkloadGroup
metadata: { name: legacy }
spec:
  metadata: { labels: { app: legacy, version: v7 } }
  template: { serviceAccount: legacy, ports: { web: ${port} }, locality: eu/a, weight: 3 }
  probe: { httpGet: { path: /ready, port: ${port} }, periodSeconds: 1, failureThreshold: 1 }
---
apiVersion: networking.istio.io/v1beta1
kind: ProxyConfig
metadata: { name: legacy }
spec: { selector: { matchLabels: { app: legacy } }, environmentVariables: { OF_GROUP: 'yes' } }
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge }
spec: { selector: { istio: ingressgateway }, servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ["*"] }] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: edge }
spec:
  hosts: ["*"]
  gateways: [edge]
  http:
  - { match: [{ uri: { prefix: /hosted } }], route: [{ destination: { host: hosted.example.com } }] }
  - { route: [{ destination: { host: legacy.example.com } }] }
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: hosted }
spec:
  hosts: [hosted.example.com]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{ number: 80, name: web, protocol: HTTP }]
  workloadSelector: { labels: { app: hosted } }
---
apiVersion: networking.istio.io/v1
kind: WorkloadGroup
metadata: { name: hosted }
spec:
  metadata: { labels: { app: hosted } }
  template: { serviceAccount: legacy, ports: { web: ${hosted} }, locality: eu/b }
  probe: { httpGet: { path: /ready, port: ${hosted} }, periodSeconds: 1, failureThreshold: 1 }
`;

beforeAll(async () => {
  const file = join(control.path, 'mesh.yaml');
  const hosted = await freePort();
  writeFileSync(file, resources(await freePort(), hosted));
  mesh = await startMesh(file, state.path);
  const words = [
    'run',
    '--group',
    'legacy',
    '--name',
    'legacy-a',
    '--state',
    state.path,
    '--',
    process.execPath,
  ];
  member = spawn(process.execPath, [command, ...words, join(root, 'tests/fixtures/readiness/web.ts')], {
    env: { ...process.env, CONTROL: control.path, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [member.stdout, member.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  await eventually('it is in the mesh', async () => (/is in the mesh/.test(said) ? true : undefined));
  program = spawn(process.execPath, [join(root, 'tests/fixtures/readiness/web.ts')], {
    env: { ...process.env, PORT: String(hosted), CONTROL: control.path, TULLE_INSTANCE: 'hosted-a' },
    stdio: 'ignore',
  });
  proxy = spawn(
    process.execPath,
    [command, 'proxy', '--group', 'hosted', '--name', 'hosted-a', '--state', state.path],
    { env: { ...process.env, NO_COLOR: '1' }, stdio: 'ignore' },
  );
});

const ended = async (child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> => {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
};

afterAll(async () => {
  await ended(member, 'SIGINT');
  await ended(proxy, 'SIGTERM');
  await ended(program, 'SIGTERM');
  await mesh?.stop();
  state.remove();
  control.remove();
});

const registration = (): Promise<Resource> =>
  apiOf(state.path).request('GET', '/apis/tulle.dev/v1alpha1/namespaces/default/registrations/legacy-a');
const answers = (status: number): Promise<true> =>
  eventually(`it answers ${status}`, async () =>
    (await fetchOnce(mesh.url)).status === status ? true : undefined,
  );

test('is registered as the group has it, and gets requests by the name of the service’s port', async () => {
  expect(await registration()).toMatchObject({
    spec: {
      workload: 'legacy',
      serviceAccount: 'legacy',
      labels: { app: 'legacy', version: 'v7', 'tulle.dev/workload-group': 'legacy' },
      ports: [{ name: 'web' }],
      locality: 'eu/a',
      weight: 3,
    },
    status: { ready: true },
  });
  await answers(200);
  expect((await fetchOnce(mesh.url)).body).toBe('legacy-a');
});

test('its sidecar is started as the ProxyConfig says that selects it', async () => {
  const { status } = await registration();
  const { proxyPid } = status as { readonly proxyPid: number };
  expect(readFileSync(`/proc/${proxyPid}/environ`, 'utf8').split('\0')).toContain('OF_GROUP=yes');
});

test('the group’s probe decides whether it gets any, and its status counts it', async () => {
  const group = '/apis/networking.istio.io/v1/namespaces/default/workloadgroups/legacy';
  const counted = (readyReplicas: number) =>
    eventually(`${readyReplicas} ready`, async () => {
      const { status } = await apiOf(state.path).request('GET', group);
      const { replicas, readyReplicas: ready } = status as Record<string, unknown>;
      return replicas === 1 && ready === readyReplicas ? true : undefined;
    });
  await counted(1);
  writeFileSync(join(control.path, 'legacy-a.unready'), '');
  await answers(503);
  await counted(0);
  rmSync(join(control.path, 'legacy-a.unready'));
  await answers(200);
  await counted(1);
});

test('a group that is not there is a mistake', async () => {
  const { code, stderr } = await tulle(['run', '--group', 'nobody', '--', 'true'], {
    TULLE_STATE: state.path,
  });
  expect({ code, stderr }).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('there is no WorkloadGroup nobody in namespace default'),
  });
});

describe('a proxy that joins by a group beside a program of its own', () => {
  const answers = (status: number): Promise<true> =>
    eventually(`it answers ${status}`, async () =>
      (await fetchOnce(`${mesh.url}/hosted`)).status === status ? true : undefined,
    );
  const entry = (): Promise<Resource | undefined> =>
    apiOf(state.path)
      .request('GET', '/apis/networking.istio.io/v1/namespaces/default/workloadentries/hosted-a')
      .catch(() => undefined);
  const healthy = (status: 'True' | 'False'): Promise<Resource> =>
    eventually(`Healthy is ${status}`, async () => {
      const found = await entry();
      const { conditions = [] } = (found?.status ?? {}) as {
        readonly conditions?: readonly { readonly type: string; readonly status: string }[];
      };
      return conditions.some((one) => one.type === 'Healthy' && one.status === status) ? found : undefined;
    });

  test('gets requests, and shows as a WorkloadEntry', async () => {
    await answers(200);
    expect((await fetchOnce(`${mesh.url}/hosted`)).body).toBe('hosted-a');
    expect(await healthy('True')).toMatchObject({
      metadata: { annotations: { 'istio.io/autoRegistrationGroup': 'hosted' } },
      spec: { labels: { app: 'hosted' }, serviceAccount: 'legacy', locality: 'eu/b' },
    });
  });

  test('the group’s probe decides whether it gets any, and its entry says so', async () => {
    writeFileSync(join(control.path, 'hosted-a.unready'), '');
    await answers(503);
    await healthy('False');
    rmSync(join(control.path, 'hosted-a.unready'));
    await answers(200);
    await healthy('True');
  });

  test('a control plane that starts again finds it as it was', async () => {
    const before = await entry();
    const { pid } = processNamed(state.path, 'control-plane');
    process.kill(pid, 'SIGKILL');
    await eventually('a new control plane', async () =>
      processNamed(state.path, 'control-plane').pid === pid ? undefined : true,
    );
    await eventually('its proxy is back', async () => {
      const list = await apiOf(state.path)
        .request('GET', '/apis/tulle.dev/v1alpha1/proxies')
        .catch(() => undefined);
      const { items = [] } = (list ?? {}) as { readonly items?: readonly Resource[] };
      return items.some(({ metadata }) => metadata.name === 'hosted-a') ? true : undefined;
    });
    expect((await entry())?.metadata.uid).toBe(before?.metadata.uid);
    await answers(200);
  });

  test('leaves with its proxy: requests end, the entry goes, the program goes on', async () => {
    await ended(proxy, 'SIGTERM');
    expect(proxy.exitCode).toBe(0);
    await eventually('the entry is gone', async () => ((await entry()) === undefined ? true : undefined));
    await answers(503);
    expect(program.exitCode).toBeNull();
  });
});
