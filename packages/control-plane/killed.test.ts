import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import type { Condition, Resource } from '@tulle/resources/kind';
import { decode } from '@tulle/xds/wire';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ControlPlane } from './config.ts';
import { enrol, FakeProxy, proxyMetadata } from './fake-proxy.fixture.ts';

const kills = 4;
const namespace = '/api/v1/namespaces/default';
const rule = '/apis/networking.istio.io/v1/namespaces/default/destinationrules';
const reviews = 'outbound|9080||reviews.default.svc.cluster.local';

let dir: string;
let child: ChildProcess;
const proxies: FakeProxy[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tulle-killed-'));
});
afterEach(async () => {
  await Promise.all(proxies.splice(0).map((proxy) => proxy.kill()));
  await kill();
  rmSync(dir, { recursive: true, force: true });
});

async function start(): Promise<ControlPlane> {
  const config = join(dir, 'config.json');
  writeFileSync(config, JSON.stringify({ mesh: 'test', trustDomain: 'mesh.test', stateDir: dir }));
  child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), '--config', config], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [line] = await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line');
  return JSON.parse(line as string) as ControlPlane;
}

async function kill(): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function request(plane: ControlPlane, method: string, path: string, body?: object): Promise<Resource> {
  const answer = await fetch(plane.api + path, {
    method,
    headers: {
      authorization: `Bearer ${readFileSync(join(dir, 'api-token'), 'utf8').trim()}`,
      'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
      connection: 'close',
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${answer.status} ${text}`);
  return JSON.parse(text) as Resource;
}

const specOf = (round: number) => ({
  host: 'reviews',
  trafficPolicy: { connectionPool: { tcp: { connectTimeout: `${round}s` } } },
});

/** The round whose rule a proxy has. */
const roundAt = (proxy: FakeProxy): number => {
  const bytes = proxy.received.cluster.get(reviews);
  if (bytes === undefined) return 0;
  return Number(decode('envoy.config.cluster.v3.Cluster', bytes).connectTimeout?.seconds ?? 0);
};

/** Numerical Recipes' generator: the same moments each time. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A mesh of one service, whose proxies do not know that the control plane is another each time: its ports stay. */
async function mesh(): Promise<ControlPlane> {
  const plane = await start();
  await request(plane, 'POST', `${namespace}/services`, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'reviews' },
    spec: { selector: { app: 'reviews' }, ports: [{ name: 'http', port: 9080 }] },
  });
  await request(plane, 'POST', rule, {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name: 'reviews' },
    spec: specOf(1),
  });
  for (const name of ['web-v1-0', 'web-v1-1', 'web-v1-2']) {
    const issued = await request(plane, 'POST', `${namespace}/serviceaccounts/default/token`, {});
    const svid = await enrol(plane, (issued.status as { token: string }).token);
    proxies.push(new FakeProxy(plane, svid, proxyMetadata(name, 'default')));
  }
  return plane;
}

test('a control plane that is killed at any moment of a change loses nothing: all proxies come to the newest', async () => {
  const random = seeded(7);
  let plane = await mesh();
  for (let round = 2; round < 2 + kills; round++) {
    const written = request(plane, 'PATCH', `${rule}/reviews`, { spec: specOf(round) }).then(
      () => true,
      () => false,
    );
    // From before the write to after the push.
    await pause(random() * 60);
    const isAnswered = await Promise.race([written, Promise.resolve(false)]);
    await kill();
    plane = await start();
    // What was answered is there; what was not may be made again.
    const found = await request(plane, 'GET', `${rule}/reviews`);
    if (isAnswered) expect(found.spec).toEqual(specOf(round));
    await request(plane, 'PATCH', `${rule}/reviews`, { spec: specOf(round) });
    await expect.poll(() => proxies.map(roundAt)).toEqual(proxies.map(() => round));
  }
  const applied = async (): Promise<string | undefined> => {
    const { metadata, status } = await request(plane, 'GET', `${rule}/reviews`);
    const { conditions = [] } = (status ?? {}) as { conditions?: Condition[] };
    const found = conditions.find(({ type }) => type === 'Applied');
    return found?.observedGeneration === metadata.generation ? found?.status : undefined;
  };
  await expect.poll(applied).toBe('True');
  const { items } = (await request(plane, 'GET', '/apis/tulle.dev/v1alpha1/proxies')) as unknown as {
    items: { synced: boolean; types: Record<string, { nack?: object }> }[];
  };
  const refusals = items.flatMap(({ types }) => Object.values(types).flatMap(({ nack }) => nack ?? []));
  expect([items.map(({ synced }) => synced), refusals]).toEqual([proxies.map(() => true), []]);
}, 180_000);
