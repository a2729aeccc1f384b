/**
 * A program that something else runs, and `tulle proxy --group` beside it, of either engine: it is in the mesh for as long as
 * that runs. The tests run in order, on one mesh.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProxyStatus } from '@tulle/control-plane/routes/proxies';
import { freePort } from '@tulle/data-plane/testing/free-port';
import type { Resource } from '@tulle/resources/kind';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiOf } from './api.ts';
import { fetchOnce } from './load.ts';
import { command, eventually, type Mesh, root, startMesh, temporaryFolder } from './mesh.ts';
import { ended, processNamed } from './processes.ts';

const resources = (port: number): string => `
apiVersion: tulle.dev/v1alpha1
kind: Mesh
metadata: { name: hosted }
spec: {}
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: hosted }
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
  template: { serviceAccount: hosted, ports: { web: ${port} }, locality: eu/b }
  probe: { httpGet: { path: /ready, port: ${port} }, periodSeconds: 1, failureThreshold: 1 }
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge }
spec: { selector: { istio: ingressgateway }, servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ["*"] }] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: edge }
spec: { hosts: ["*"], gateways: [edge], http: [{ route: [{ destination: { host: hosted.example.com } }] }] }
`;

export function describeGroupProxy(engine: 'tulle' | 'envoy'): void {
  const state = temporaryFolder();
  const control = temporaryFolder();
  let mesh: Mesh;
  let program: ChildProcess;
  let proxy: ChildProcess;

  beforeAll(async () => {
    const file = join(control.path, 'mesh.yaml');
    const port = await freePort();
    writeFileSync(file, resources(port));
    mesh = await startMesh(file, state.path);
    program = spawn(process.execPath, [join(root, 'tests/fixtures/readiness/web.ts')], {
      env: { ...process.env, PORT: String(port), CONTROL: control.path, TULLE_INSTANCE: 'hosted-a' },
      stdio: 'ignore',
    });
    const words = ['proxy', '--group', 'hosted', '--name', 'hosted-a', '--engine', engine];
    proxy = spawn(process.execPath, [command, ...words, '--state', state.path], {
      env: { ...process.env, NO_COLOR: '1' },
      stdio: 'ignore',
    });
  });

  afterAll(async () => {
    await ended(proxy, 'SIGTERM');
    await ended(program, 'SIGTERM');
    await mesh?.stop();
    state.remove();
    control.remove();
  });

  const proxies = async (): Promise<readonly ProxyStatus[]> => {
    const list = await apiOf(state.path)
      .request('GET', '/apis/tulle.dev/v1alpha1/proxies')
      .catch(() => undefined);
    return ((list ?? {}) as { readonly items?: readonly ProxyStatus[] }).items ?? [];
  };

  const answers = (status: number): Promise<true> =>
    eventually(`it answers ${status}`, async () =>
      (await fetchOnce(mesh.url)).status === status ? true : undefined,
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
    expect((await fetchOnce(mesh.url)).body).toBe('hosted-a');
    expect(await healthy('True')).toMatchObject({
      metadata: { annotations: { 'istio.io/autoRegistrationGroup': 'hosted' } },
      spec: { labels: { app: 'hosted' }, serviceAccount: 'hosted', locality: 'eu/b' },
    });
  });

  test('its proxy is of the engine that was asked for', async () => {
    const found = (await proxies()).find(({ metadata }) => metadata.name === 'hosted-a');
    expect(found?.engine).toBe(engine);
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
    await eventually('its proxy is back', async () =>
      (await proxies()).some(({ metadata }) => metadata.name === 'hosted-a') ? true : undefined,
    );
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
}
