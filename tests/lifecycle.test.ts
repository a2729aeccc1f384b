import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { cleanupAfterEach } from '@tulle/data-plane/testing/cleanup';
import { freePort } from '@tulle/data-plane/testing/free-port';
import { expect, test } from 'vitest';
import { fetchOnce } from './load.ts';
import { eventually, type Mesh, root, startMesh, temporaryFolder, tulle } from './mesh.ts';
import { isRunning, pidsMentioning, processesOf } from './processes.ts';

const file = 'tests/fixtures/churn/mesh.yaml';
const cleanUps = cleanupAfterEach();

const newState = (): string => {
  const state = temporaryFolder();
  cleanUps.push(state.remove);
  return state.path;
};

const start = async (stateDir: string, ...extra: string[]): Promise<Mesh> => {
  const mesh = await startMesh(file, stateDir, extra);
  cleanUps.push(mesh.stop);
  return mesh;
};

const serves = (mesh: Mesh) =>
  eventually('the mesh serves', async () => ((await fetchOnce(mesh.url)).status === 200 ? true : undefined));

/** It has an hour for its end, and takes it. */
const stubborn = `
apiVersion: tulle.dev/v1alpha1
kind: Workload
metadata: { name: stubborn }
spec:
  command: [node, -e, "process.on('SIGTERM', () => {}); require('net').createServer().listen(process.env.PORT, '127.0.0.1')"]
  labels: { app: stubborn }
  ports: [{ name: tcp, port: 9000 }]
  upstreams: []
  drainSeconds: 3600
  stopSeconds: 3600
`;

test('Ctrl-C stops everything, whatever time it may take otherwise, and leaves nothing', async () => {
  const stateDir = newState();
  const mesh = await start(stateDir);
  await serves(mesh);
  const path = join(stateDir, 'stubborn.yaml');
  writeFileSync(path, stubborn);
  await mesh.ok('apply', '-f', path);
  await eventually('the stubborn one listens', async () =>
    /stubborn +\S+ +1\/1/.test(await mesh.ok('status')) ? true : undefined,
  );
  const processes = processesOf(stateDir);
  expect(processes.length).toBeGreaterThanOrEqual(10);
  expect(await mesh.stop()).toBe(0);
  expect(processes.filter(({ pid }) => isRunning(pid))).toEqual([]);
  expect(pidsMentioning(stateDir)).toEqual([]);
  expect(existsSync(join(stateDir, 'run/run.json'))).toBe(false);
  await expect(fetchOnce(mesh.url)).rejects.toThrow();
});

test('a signal to npm stops the mesh that npm start runs', async () => {
  const stateDir = newState();
  const npm = spawn('npm', ['start', '--', '--state', stateDir, '--port', String(await freePort())], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  const exited = once(npm, 'exit');
  let output = '';
  npm.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  let processes: ReturnType<typeof processesOf> = [];
  try {
    await eventually('the mesh is ready', async () => (output.includes('\nready in') ? true : undefined));
    processes = processesOf(stateDir);
  } finally {
    // Also when it is late: nobody else would end it.
    npm.kill('SIGTERM');
    await exited;
  }
  await eventually('all processes are gone', async () =>
    processes.some(({ pid }) => isRunning(pid)) ? undefined : true,
  );
  expect(pidsMentioning(stateDir)).toEqual([]);
});

test('when the supervisor is killed -9, everything else ends', async () => {
  const stateDir = newState();
  const mesh = await start(stateDir);
  await serves(mesh);
  const processes = processesOf(stateDir);
  mesh.supervisor.kill('SIGKILL');
  await eventually('all processes are gone', async () =>
    processes.some(({ pid }) => isRunning(pid)) ? undefined : true,
  );
  // What it left on disk does not hinder the next start.
  await serves(await start(stateDir));
});

test('a second start says that one is running and how to reach it', async () => {
  const stateDir = newState();
  const mesh = await start(stateDir);
  const second = await tulle(['up', file, '--state', stateDir, '--port', String(mesh.port)]);
  expect(second.code).toBe(1);
  expect(second.stderr).toContain('already runs');
  expect(second.stderr).toContain(mesh.url);
});

test('a taken port is named with its holder and a way out', async () => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  cleanUps.push(() => holder.close());
  const { port } = holder.address() as { port: number };
  const { code, stderr } = await tulle(['up', file, '--state', newState(), '--port', String(port)]);
  expect(code).toBe(1);
  expect(stderr).toContain(String(port));
  expect(stderr).toContain(String(process.pid));
  expect(stderr).toContain('--port');
});

test('what was applied survives stop and start; --fresh empties it', async () => {
  const stateDir = newState();
  const first = await start(stateDir);
  await first.ok('apply', '-f', 'examples/bookinfo/networking/jason.yaml');
  await first.stop();
  const second = await start(stateDir);
  expect(await second.ok('get', 'virtualservices')).toContain('reviews');
  await second.stop();
  const third = await start(stateDir, '--fresh');
  const listed = await third.ok('get', 'virtualservices');
  expect(listed).toContain('web');
  expect(listed).not.toContain('reviews');
});

test('two meshes of the same file with states of their own run side by side', async () => {
  const [one, two] = await Promise.all([start(newState()), start(newState())]);
  await Promise.all([serves(one), serves(two)]);
});

test('down stops a running mesh; --purge removes its state', async () => {
  const stateDir = newState();
  const mesh = await start(stateDir);
  const exited = once(mesh.supervisor, 'exit');
  await mesh.ok('down', '--purge');
  await exited;
  expect(existsSync(stateDir)).toBe(false);
});

test('a wrong mesh file starts nothing and says where it is wrong', async () => {
  const stateDir = newState();
  const { code, stderr } = await tulle([
    'up',
    'tests/fixtures/wrong-mesh.yaml',
    '--state',
    stateDir,
    '--port',
    String(await freePort()),
  ]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/wrong-mesh\.yaml:\d+:\d+ spec\.trustDomian: .*trustDomain/);
  expect(existsSync(join(stateDir, 'store.sqlite'))).toBe(false);
});
