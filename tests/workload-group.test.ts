/** Who joins by a WorkloadGroup: labels, account, ports and probe are the group's, and a WorkloadEntry shows it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '@tulle/data-plane/testing/free-port';
import type { Resource } from '@tulle/resources/kind';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiOf } from './api.ts';
import { fetchOnce } from './load.ts';
import { command, eventually, type Mesh, root, startMesh, temporaryFolder, tulle } from './mesh.ts';
import { ended } from './processes.ts';

const state = temporaryFolder();
const control = temporaryFolder();
let mesh: Mesh;
let member: ChildProcess;
let said = '';

const resources = (port: number): string => `
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
  http: [{ route: [{ destination: { host: legacy.example.com } }] }]
`;

beforeAll(async () => {
  const file = join(control.path, 'mesh.yaml');
  writeFileSync(file, resources(await freePort()));
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
});

afterAll(async () => {
  await ended(member, 'SIGINT');
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
