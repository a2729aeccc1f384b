/** Two networks behind gateways: one of them has two instances, the other has one. What their end means for callers. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProxyStatus } from '@tulle/control-plane/routes/proxies';
import type { Condition } from '@tulle/resources/kind';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiOf } from './api.ts';
import { fetchOnce, startLoad } from './load.ts';
import { eventually, type Mesh, root, startMesh, temporaryFolder } from './mesh.ts';
import { processesOf } from './processes.ts';

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
let mesh: Mesh;

/** What answers, in one of the networks. */
const application = (name: string, network: string): string => `
apiVersion: tulle.dev/v1alpha1
kind: Workload
metadata: { name: ${name} }
spec:
  network: ${network}
  labels: { app: ${name} }
  command: ['${process.execPath}', '${join(root, 'tests/fixtures/readiness/web.ts')}']
  env: { CONTROL: '${folder.path}' }
  ports: [{ name: http, port: 9080 }]
---
apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec: { selector: { app: ${name} }, ports: [{ name: http, port: 9080 }] }
`;

const entrance = (name: string, network: string, replicas: number): string => `
apiVersion: tulle.dev/v1alpha1
kind: Workload
metadata: { name: ${name} }
spec: { role: gateway, replicas: ${replicas}, network: ${network}, labels: { app: ${name}, is: entrance }, ports: [{ name: tls, port: 15443 }] }
`;

const service = (name: string, network: string): string => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, labels: { topology.istio.io/network: ${network} } }
spec: { selector: { app: ${name} }, ports: [{ name: tls, port: 15443 }] }
`;

const documents = (): string =>
  [
    `
apiVersion: tulle.dev/v1alpha1
kind: Mesh
metadata: { name: networks }
spec:
  accessLog: { format: JSON, json: { path: '%REQ(:PATH)%', flags: '%RESPONSE_FLAGS%', status: '%RESPONSE_CODE%' } }
`,
    // The ingress gateway, who calls, is there.
    `
apiVersion: v1
kind: Namespace
metadata: { name: tulle-system, labels: { topology.istio.io/network: network-1 } }
`,
    application('reviews', 'network-2'),
    application('details', 'network-3'),
    entrance('pair', 'network-2', 2),
    service('pair', 'network-2'),
    entrance('lone', 'network-3', 1),
    service('lone', 'network-3'),
    `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: entrance }
spec:
  selector: { is: entrance }
  servers: [{ port: { number: 15443, name: tls, protocol: TLS }, hosts: ['*.local'], tls: { mode: AUTO_PASSTHROUGH } }]
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge }
spec: { selector: { istio: ingressgateway }, servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ['*'] }] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: edge }
spec:
  hosts: ['*']
  gateways: [edge]
  http:
  - match: [{ headers: { to: { exact: details } } }]
    route: [{ destination: { host: details } }]
    retries: { attempts: 0 }
  - route: [{ destination: { host: reviews } }]
    retries: { attempts: 5, retryOn: 'reset,connect-failure,refused-stream' }
---
# Connections are made all the time: each of the gateways is in use.
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: reviews }
spec: { host: reviews, trafficPolicy: { connectionPool: { http: { maxRequestsPerConnection: 10 } } } }
`,
  ].join('---\n');

const toDetails = { to: 'details' };
const details = () => fetchOnce(mesh.url, toDetails);
const untilDetails = (status: number): Promise<true> =>
  eventually(`details answers ${status}`, async () =>
    (await details()).status === status ? true : undefined,
  );

beforeAll(async () => {
  writeFileSync(at('mesh.yaml'), documents());
  mesh = await startMesh(at('mesh.yaml'), at('state'));
  await eventually('reviews answers', async () =>
    (await fetchOnce(mesh.url)).status === 200 ? true : undefined,
  );
  await untilDetails(200);
});

afterAll(async () => {
  await mesh?.stop();
  folder.remove();
});

const gatewayProcess = (instance: string) => {
  const found = processesOf(at('state')).find(({ name }) => name.startsWith(instance));
  if (found === undefined) throw new Error(`no ${instance}`);
  return found;
};

/** The end of its stream at the control plane, once it is ready; undefined: it is not. */
async function stream(instance: string): Promise<string | undefined> {
  const api = apiOf(at('state'));
  const list = await api.request('GET', '/apis/tulle.dev/v1alpha1/proxies');
  const { items } = list as unknown as { readonly items: readonly ProxyStatus[] };
  const place = `/apis/tulle.dev/v1alpha1/namespaces/default/registrations/${instance}`;
  const { ready } = (await api.request('GET', place)).status as { readonly ready?: boolean };
  const found = items.find(({ metadata, synced }) => metadata.name === instance && synced);
  return ready === true ? found?.peer : undefined;
}

/** Ends when another process has taken its place, and the control plane knows. */
async function kill(instance: string): Promise<void> {
  const before = await stream(instance);
  process.kill(gatewayProcess(instance).pid, 'SIGKILL');
  await eventually(`a new ${instance}`, async () => {
    const now = await stream(instance);
    return now === undefined || now === before ? undefined : true;
  });
}

/** How many requests were answered by way of each gateway of network-2, by its address, as the caller counts them. */
async function answered(): Promise<ReadonlyMap<string, number>> {
  const { adminAddress } = JSON.parse(
    await mesh.ok('proxy-status', 'ingressgateway-0', '-n', 'tulle-system', '-o', 'json'),
  ) as ProxyStatus;
  const { body } = await fetchOnce(`http://${adminAddress}/clusters`);
  const lines = body.matchAll(/^outbound\|9080\|\|reviews\.[^:]+::([\d.]+:\d+)::rq_success::(\d+)$/gm);
  return new Map([...lines].map(([, address = '', count]) => [address, Number(count)]));
}

/** Requests go by both gateways from now on. An endpoint that was away counts anew. */
const bothAreUsed = async (): Promise<void> => {
  const before = await answered();
  await eventually('both gateways of network-2 get requests', async () => {
    const now = [...(await answered())];
    const isUsed = now.length === 2 && now.every(([at, count]) => count > 0 && count !== before.get(at));
    return isUsed ? true : undefined;
  });
};

test('kill -9 of one gateway of two: requests that may be repeated are not lost, and it is used again', async () => {
  const load = startLoad(mesh.url, { connections: 4 });
  await bothAreUsed();
  await kill('pair-0');
  await bothAreUsed();
  await kill('pair-1');
  await bothAreUsed();
  expect((await load.stop()).failures).toEqual([]);
});

test('kill -9 of the only gateway: who is under way and who comes is told so, and traffic resumes', async () => {
  // A GET would be sent again by itself: its connection has served before (RFC 9112, 9.3.1).
  const held = fetch(`${mesh.url}/held`, { method: 'POST', headers: toDetails });
  await eventually('details has the request', async () =>
    existsSync(at('details-0.held')) ? true : undefined,
  );
  await kill('lone-0');
  const cut = await held;
  expect([cut.status, await cut.text()]).toEqual([
    503,
    'upstream connect error or disconnect/reset before headers. reset reason: connection termination',
  ]);
  const answers = new Set<string>();
  await eventually('details answers again', async () => {
    const { status, body } = await details();
    answers.add(`${status} ${body}`);
    return status === 200 ? true : undefined;
  });
  for (const answer of answers)
    expect(answer).toMatch(/^(200 details-0|503 upstream connect error|503 no healthy upstream)/);
  for (let times = 0; times < 5; times++) expect((await details()).status).toBe(200);
  const flags = await eventually('the access log has the request', async () => {
    const logged = (await mesh.ok('logs', 'ingressgateway', '--tail', 'all')).match(/\{.*\}/g) ?? [];
    const found = logged
      .map((line) => JSON.parse(line) as { path: string; flags: string })
      .find(({ path }) => path === '/held');
    return found?.flags;
  });
  expect(flags).toBe('UC');
  writeFileSync(at('release'), '');
});

test('a network that can’t be reached is told, as long as it can’t', async () => {
  const condition = async (): Promise<Condition | undefined> => {
    const found = await apiOf(at('state')).request('GET', '/api/v1/namespaces/default/services/lone');
    const { conditions = [] } = (found.status ?? {}) as { readonly conditions?: readonly Condition[] };
    return conditions.find(({ type }) => type === 'Analyzed');
  };
  const isSaid = (reason: string): Promise<Condition> =>
    eventually(reason, async () => {
      const known = await condition();
      return known?.reason === reason ? known : undefined;
    });
  const scale = async (replicas: number): Promise<void> => {
    writeFileSync(at('lone.yaml'), entrance('lone', 'network-3', replicas));
    await mesh.ok('apply', '-f', at('lone.yaml'));
  };
  await isSaid('NothingFound');
  await scale(0);
  expect((await isSaid('NetworkNotReached')).message).toBe(
    'Warning [TUL1206] network-3 can’t be reached from network-1, network-2: no instance of lone.default.svc.cluster.local is ready at port 15443',
  );
  expect((await mesh.tulle('analyze')).stdout).toContain('[TUL1206]');
  await eventually('nobody is called', async () => {
    const { status, body } = await details();
    return status === 503 && body === 'no healthy upstream' ? true : undefined;
  });
  await scale(1);
  await isSaid('NothingFound');
  await untilDetails(200);
});
