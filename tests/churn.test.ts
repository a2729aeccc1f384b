import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { freePort } from '@tulle/data-plane/testing/free-port';
import type { Resource } from '@tulle/resources/kind';
import { beforeAll, expect, test } from 'vitest';
import { type Api, apiOf } from './api.ts';
import { fetchOnce, startLoad } from './load.ts';
import { eventually } from './mesh.ts';
import { processesOf } from './processes.ts';
import { sharedMesh, untilServed } from './shared-mesh.ts';

const changes = 500;
/** No sooner one after the other: each is to be pushed by itself. */
const everyMs = 50;
const networking = '/apis/networking.istio.io/v1/namespaces/default';
const mesh = sharedMesh('tests/fixtures/churn/mesh.yaml');
let api: Api;

beforeAll(async () => {
  api = apiOf(mesh.stateDir);
  await untilServed(mesh);
});

const merge = (path: string, spec: unknown): Promise<Resource> =>
  api.request('PATCH', path, { spec }, 'application/merge-patch+json');

const virtualService = (name: string, spec: unknown) => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name, namespace: 'default' },
  spec,
});

const weighted = (v1: number, extra: readonly object[] = []) => ({
  http: [
    ...extra,
    {
      route: [
        { destination: { host: 'web', subset: 'v1' }, weight: v1 },
        { destination: { host: 'web', subset: 'v2' }, weight: 100 - v1 },
      ],
    },
  ],
});

const subset = (name: string, version: string) => ({ name, labels: { version } });
const both = [subset('v1', 'v1'), subset('v2', 'v2')];

/** The changes in turn: weights flip, a subset comes and goes, routes are added to tables in use and taken away. */
const kindsOfChange: readonly ((step: number) => Promise<unknown>)[] = [
  (step) => merge(`${networking}/virtualservices/web`, weighted((step * 37) % 101)),
  () => merge(`${networking}/destinationrules/web`, { subsets: [...both, subset('both', 'v1')] }),
  () =>
    merge(
      `${networking}/virtualservices/web`,
      weighted(50, [
        { match: [{ uri: { prefix: '/both' } }], route: [{ destination: { host: 'web', subset: 'both' } }] },
      ]),
    ),
  () => merge(`${networking}/virtualservices/web`, { http: [{ route: [{ destination: { host: 'web' } }] }] }),
  () => merge(`${networking}/destinationrules/web`, { subsets: both }),
  () =>
    api.request(
      'POST',
      `${networking}/virtualservices`,
      virtualService('extra', {
        hosts: ['extra.example.com'],
        gateways: ['edge'],
        http: [{ route: [{ destination: { host: 'web' } }] }],
      }),
    ),
  () => api.request('DELETE', `${networking}/virtualservices/extra`),
];

/** Exposes the echo service on a port of the gateway's own. */
async function openTcpPort(): Promise<number> {
  const port = await freePort();
  await api.request('POST', `${networking}/gateways`, {
    apiVersion: 'networking.istio.io/v1',
    kind: 'Gateway',
    metadata: { name: 'tcp', namespace: 'default' },
    spec: {
      selector: { istio: 'ingressgateway' },
      servers: [{ port: { number: port, name: 'tcp', protocol: 'TCP' }, hosts: ['*'] }],
    },
  });
  await api.request(
    'POST',
    `${networking}/virtualservices`,
    virtualService('tcp', {
      hosts: ['*'],
      gateways: ['tcp'],
      tcp: [{ match: [{ port }], route: [{ destination: { host: 'echo', port: { number: 9000 } } }] }],
    }),
  );
  return port;
}

/** A TCP stream through gateway and sidecar that says something every 100 ms and expects it back. */
async function openEcho(port: number) {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  let sent = '';
  let received = '';
  let ended = false;
  const judged = Promise.withResolvers<boolean>();
  socket.setEncoding('utf8').on('data', (text: string) => {
    received += text;
    judged.resolve(true);
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    ended = true;
    judged.resolve(false);
  });
  const timer = setInterval(() => {
    const text = `${sent.length},`;
    sent += text;
    socket.write(text);
  }, 100);
  return {
    /** Something has come back; false: the stream was closed instead. */
    answers: judged.promise,
    async finish() {
      clearInterval(timer);
      const endedEarly = ended;
      socket.end();
      if (!ended) await once(socket, 'close');
      return { sent, received, endedEarly };
    },
  };
}

/** Resident bytes of the gateway's process. */
function gatewayRss(): number {
  const gateway = processesOf(mesh.stateDir).find(({ name }) => name.startsWith('ingressgateway'));
  const status = readFileSync(`/proc/${gateway?.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

test('500 changes of what is in use, one after the other, fail no request and cut no stream', async () => {
  const tcpPort = await openTcpPort();
  const echo = await eventually('the TCP port answers', async () => {
    const stream = await openEcho(tcpPort);
    if (await stream.answers) return stream;
    await stream.finish();
    return undefined;
  });
  const load = startLoad(mesh.url, { connections: 8, pauseMs: 5 });
  const slow = fetchOnce(`${mesh.url}/slow?ms=${changes * everyMs}`);
  let rssBefore = 0;
  const began = performance.now();
  for (let step = 0; step < changes; step++) {
    // Load and the first changes warm it up: code is compiled, pools fill.
    if (step === changes / 10) rssBefore = gatewayRss();
    const due = began + step * everyMs;
    const early = due - performance.now();
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    await kindsOfChange[step % kindsOfChange.length]?.(step);
  }
  const { failures } = await load.stop(changes);
  expect(failures).toEqual([]);
  const slowAnswer = await slow;
  expect(slowAnswer.status).toBe(200);
  expect(slowAnswer.body.endsWith('end')).toBe(true);
  const stream = await echo.finish();
  expect(stream.endedEarly).toBe(false);
  expect(stream.received).toBe(stream.sent);
  expect(gatewayRss() - rssBefore).toBeLessThan(30 * 1024 * 1024);
});
