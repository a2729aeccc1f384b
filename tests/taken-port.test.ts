import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import type { Condition } from '@tulle/resources/kind';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fetchOnce } from './load.ts';
import { eventually, type Mesh, startMesh, temporaryFolder } from './mesh.ts';

const state = temporaryFolder();
let mesh: Mesh;
let holder: Server;

/** Two servers: on the mesh's own port, and on one that somebody else has. */
const gateway = (taken: number): string => `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: default }
spec:
  selector: { istio: ingressgateway }
  servers:
    - { port: { number: 80, name: http, protocol: HTTP }, hosts: ['*'] }
    - { port: { number: ${taken}, name: http-taken, protocol: HTTP }, hosts: ['*'] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: edge, namespace: default }
spec:
  hosts: ['*']
  gateways: [edge]
  http:
    - directResponse: { status: 200, body: { string: hello } }
`;

async function hold(port: number): Promise<Server> {
  const server = createServer((socket) => socket.destroy()).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

const portOf = (server: Server): number => (server.address() as { port: number }).port;

const applied = async (): Promise<Condition | undefined> => {
  const { status } = JSON.parse(await mesh.ok('get', 'gateway', 'edge', '-o', 'json')) as {
    status?: { conditions?: Condition[] };
  };
  return status?.conditions?.find(({ type }) => type === 'Applied');
};

const appliedBecomes = (message: string) =>
  eventually(`Applied says ${message}`, async () => {
    const condition = await applied();
    expect(condition?.message).toBe(message);
    return condition;
  });

beforeAll(async () => {
  holder = await hold(0);
  mesh = await startMesh('tests/fixtures/empty-mesh.yaml', state.path);
});

afterAll(async () => {
  holder.close();
  await mesh?.stop();
  state.remove();
});

test('a port that somebody else has shows on the resource and the proxy until it is free', async () => {
  const port = portOf(holder);
  const reason = `127.0.0.1_${port}: cannot bind '127.0.0.1:${port}': Address already in use`;
  const file = `${state.path}/gateway.yaml`;
  writeFileSync(file, gateway(port));
  await mesh.ok('apply', '-f', file);

  const refused = await appliedBecomes(`Applied 0/1; ingressgateway-0.tulle-system: ${reason}`);
  expect(refused).toMatchObject({ status: 'False', reason: 'Rejected' });
  expect(await mesh.ok('proxy-status')).toContain(`refused LDS (127.0.0.1_${port}): ${reason}`);
  // The other server of the same Gateway serves.
  expect((await fetchOnce(mesh.url)).body).toBe('hello');

  // A gateway that starts anew has the configuration before it has the control plane: it tells all the same.
  await mesh.stop();
  mesh = await startMesh('tests/fixtures/empty-mesh.yaml', state.path);
  await appliedBecomes(`Applied 0/1; ingressgateway-0.tulle-system: ${reason}`);

  holder.close();
  expect(await appliedBecomes('Applied 1/1')).toMatchObject({ status: 'True', reason: 'AllProxies' });
  expect(await mesh.ok('proxy-status')).not.toContain('refused');
  expect((await fetchOnce(mesh.url)).body).toBe('hello');
  expect((await fetchOnce(`http://127.0.0.1:${port}`)).body).toBe('hello');
});

/** Tells its port, waits until the test has been there, then listens. */
const slowApp = `
const { existsSync, watch, writeFileSync } = require('node:fs');
const [told, go] = [process.env.FOLDER + '/port', process.env.FOLDER + '/go'];
const listen = () => require('node:http').createServer((_, res) => res.end('here')).listen(process.env.PORT, '127.0.0.1');
const watcher = watch(process.env.FOLDER, () => existsSync(go) && (watcher.close(), listen()));
if (existsSync(go)) watcher.close(), listen();
else writeFileSync(told, process.env.PORT);
`;

const workload = (folder: string): string => `
apiVersion: v1
kind: Service
metadata: { name: late, namespace: default }
spec: { selector: { app: late }, ports: [{ name: http, port: 80 }] }
---
apiVersion: tulle.dev/v1alpha1
kind: Workload
metadata: { name: late, namespace: default }
spec:
  command: [node, -e, ${JSON.stringify(slowApp)}]
  env: [{ name: FOLDER, value: ${folder} }]
  labels: { app: late }
  ports: [{ name: http, port: 80 }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: edge, namespace: default }
spec:
  hosts: ['*']
  gateways: [edge]
  http:
    - route: [{ destination: { host: late } }]
`;

test('an application whose port somebody else has taken meanwhile is started with another', async () => {
  const folder = temporaryFolder();
  let thief: Server | undefined;
  try {
    const file = `${state.path}/workload.yaml`;
    writeFileSync(file, workload(folder.path));
    await mesh.ok('apply', '-f', file);
    const port = await eventually('the application to tell its port', async () => {
      const text = existsSync(`${folder.path}/port`) ? readFileSync(`${folder.path}/port`, 'utf8') : '';
      return text === '' ? undefined : Number(text);
    });
    thief = await hold(port);
    writeFileSync(`${folder.path}/go`, '');
    await eventually('an answer from elsewhere', async () => {
      expect((await fetchOnce(mesh.url)).body).toBe('here');
      return true;
    });
    expect(mesh.output()).toContain(`late-0: port ${port} (held by process ${process.pid}, `);
    expect(mesh.output()).toContain('was taken meanwhile; choosing others');
  } finally {
    thief?.close();
    folder.remove();
  }
});
