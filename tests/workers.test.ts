import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '@tulle/data-plane/testing/free-port';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createApiClient } from '../packages/cli/api/client.ts';
import { enrolmentToken } from '../packages/cli/api/enrolment.ts';
import { makeBootstrap } from '../packages/cli/up/proxy/bootstrap-file.ts';
import type { RunRecord } from '../packages/cli/up/state/run-record.ts';
import { adminPort } from './bootstraps.ts';
import { fetchOnce, startLoad } from './load.ts';
import { command, eventually, type Mesh, startMesh, temporaryFolder, tulle } from './mesh.ts';
import { processesOf } from './processes.ts';

const file = join(import.meta.dirname, 'fixtures/workers/mesh.yaml');
const state = temporaryFolder();
let mesh: Mesh;

beforeAll(async () => {
  mesh = await startMesh(file, state.path);
  await eventually('two workers of the gateway', twoServe);
});

afterAll(async () => {
  await mesh?.stop();
  state.remove();
});

/** Of the gateway's workers, the lead first. */
const pids = (): number[] =>
  processesOf(state.path)
    .filter(({ name }) => name.startsWith('ingressgateway-0.proxy'))
    .sort((a, b) => a.name.length - b.name.length)
    .map(({ pid }) => pid);

/** One answer of each worker: the other is stopped meanwhile. */
async function byEach<T>(work: () => Promise<T>): Promise<T[]> {
  const all = pids();
  const answers: T[] = [];
  for (const pid of all) {
    const others = all.filter((other) => other !== pid);
    for (const other of others) process.kill(other, 'SIGSTOP');
    try {
      answers.push(await work());
    } finally {
      for (const other of others) process.kill(other, 'SIGCONT');
    }
  }
  return answers;
}

const statusOfEach = () => byEach(async () => (await fetchOnce(mesh.url, { connection: 'close' })).status);

const admin = async (path: string): Promise<string> =>
  (
    await fetch(`http://127.0.0.1:${adminPort(state.path, 'ingressgateway-0', 'tulle-system')}${path}`)
  ).text();

/** Where the running mesh is reached. */
function runRecord(): Required<Pick<RunRecord, 'api' | 'controlPlane'>> {
  return JSON.parse(readFileSync(join(state.path, 'run/run.json'), 'utf8'));
}

async function apply(text: string): Promise<void> {
  const { code, stderr } = await tulle(['apply', '-f', '-', '--state', state.path], {}, text);
  expect(stderr).toBe('');
  expect(code).toBe(0);
}

const twoServe = async (): Promise<true | undefined> => {
  const text = await admin('/stats?filter=^envoy_server_concurrency');
  return text === 'envoy_server_concurrency: 2\n' && pids().length === 2 ? true : undefined;
};

/** A VirtualService that answers with a redirect, or not. */
const routes = (redirect: boolean) => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: web }
spec:
  hosts: ["*"]
  gateways: [edge]
  http:
    - ${redirect ? 'redirect: { authority: elsewhere.test }' : 'route: [{ destination: { host: web } }]'}
`;

test('a change reaches every worker, counts are those of all, and the mesh sees one proxy', async () => {
  const requests = async (): Promise<number> => {
    const text = await admin('/stats/prometheus?filter=istio_requests_total');
    return [...text.matchAll(/^istio_requests_total\{.*\} (\d+)$/gm)].reduce(
      (sum, [, n]) => sum + Number(n),
      0,
    );
  };
  expect(await statusOfEach()).toEqual([200, 200]);
  const before = await requests();
  expect(await statusOfEach()).toEqual([200, 200]);
  expect(await requests()).toBe(before + 2);
  await apply(routes(true));
  await eventually('both redirect', async () =>
    (await statusOfEach()).every((status) => status === 301) ? true : undefined,
  );
  await apply(routes(false));
  await eventually('both route', async () =>
    (await statusOfEach()).every((status) => status === 200) ? true : undefined,
  );
  const status = await mesh.ok('proxy-status');
  expect(status.split('\n').filter((line) => line.startsWith('ingressgateway-0'))).toHaveLength(1);
});

test('without its lead the others serve; the next lead takes them along', async () => {
  const [lead = 0] = pids();
  const load = startLoad(mesh.url, { connections: 4, headers: { connection: 'close' } });
  process.kill(lead, 'SIGKILL');
  await eventually('another lead', async () => (pids().includes(lead) ? undefined : twoServe()));
  const { failures } = await load.stop();
  expect(
    failures.filter((failure) => !failure.includes('ECONNRESET') && !failure.includes('hang up')),
  ).toEqual([]);
  expect(failures.length).toBeLessThanOrEqual(4);
  await apply(routes(true));
  await eventually('both redirect', async () =>
    (await statusOfEach()).every((status) => status === 301) ? true : undefined,
  );
  await apply(routes(false));
});

test('proxies are replaced under load: nothing fails, nothing is refused, the control plane has one of each', async () => {
  await eventually('both route', async () =>
    (await statusOfEach()).every((status) => status === 200) ? true : undefined,
  );
  const before = pids();
  const kept = startLoad(mesh.url, { connections: 4 });
  const fresh = startLoad(mesh.url, { connections: 4, headers: { connection: 'close' } });
  const said = await mesh.ok('restart-proxy', 'ingressgateway', 'web');
  expect(said).toBe('ingressgateway-0: a new proxy has taken over\nweb-0: a new proxy has taken over\n');
  await eventually('the ones before are gone', async () =>
    before.some((pid) => pids().includes(pid)) ? undefined : twoServe(),
  );
  for (const load of [kept, fresh]) {
    const { failures } = await load.stop(50);
    expect(failures).toEqual([]);
  }
  // The successor is who the control plane talks to.
  await apply(routes(true));
  await eventually('both redirect', async () =>
    (await statusOfEach()).every((status) => status === 301) ? true : undefined,
  );
});

test('tulle proxy runs one by itself: workers, replaced by SIGUSR2 under load, ended by SIGTERM', async () => {
  const folder = join(state.path, 'alone');
  const { controlPlane, api } = runRecord();
  const token = readFileSync(join(state.path, 'api-token'), 'utf8').trim();
  const instance = { namespace: 'default', serviceAccount: 'default', instance: 'alone-0', stateDir: folder };
  const claims = { role: 'sidecar', workload: 'alone', labels: { app: 'alone' } } as const;
  const enrolment = await enrolmentToken(createApiClient({ url: api, token }), { ...instance, claims });
  const [port, admin] = [await freePort(), await freePort()];
  const bootstrap = makeBootstrap({
    ...instance,
    ...claims,
    mesh: 'workers',
    engine: 'tulle',
    inbound: [],
    outbound: { httpProxy: { address: '127.0.0.1', port }, upstreams: [] },
    adminPort: admin,
    drainSeconds: 1,
    controlPlane,
    ...(enrolment === undefined ? {} : { enrolmentToken: enrolment }),
  });
  const { lifelineFd: _, ...standalone } = bootstrap;
  const path = join(state.path, 'alone.json');
  writeFileSync(path, JSON.stringify(standalone));
  const proxy = spawn(process.execPath, [command, 'proxy', '--bootstrap', path, '--concurrency', '2'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  proxy.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const exited = once(proxy, 'exit');
  try {
    const workers = async (): Promise<string> =>
      (await fetch(`http://127.0.0.1:${admin}/stats?filter=^envoy_server_concurrency`)).text();
    await eventually('two workers', async () => ((await workers()).endsWith(': 2\n') ? true : undefined));
    await apply(routes(false));
    const load = startLoad(`http://127.0.0.1:${port}`, { connections: 4, headers: { host: 'web' } });
    proxy.kill('SIGUSR2');
    await eventually('new workers', () =>
      Promise.resolve(said.includes('new workers have taken over') ? true : undefined),
    );
    const { failures } = await load.stop(20);
    expect(failures).toEqual([]);
  } finally {
    proxy.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  }
});
