import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { backendServer } from '../peers/backend.ts';
import { envoyPath } from '../peers/find.ts';
import { nginxConfiguration } from '../peers/nginx-configuration.ts';
import { loadCore, pin, processTree, proxyCore } from '../system/cpu.ts';
import { freePort } from '../system/program.ts';
import type { Bench, Subject } from './scenario.ts';

const command = join(import.meta.dirname, '..', '..', 'packages', 'cli', 'bin', 'tulle.mjs');
const readyMs = 60_000;

/**
 * A whole mesh as users get it: `tulle up` with a client and a server, both sidecars run by `engine`, both
 * configured by our control plane. The load takes the client's place.
 */
export async function meshPair(bench: Bench, engine: 'tulle' | 'envoy'): Promise<Subject> {
  const name = `bench-${engine}`;
  const found = join(bench.folder, `${name}-server-port`);
  const serverPort = await freePort();
  const file = join(bench.folder, `${name}.json`);
  writeFileSync(file, JSON.stringify(meshOf(bench, name, engine, serverPort, found)));
  const state = join(bench.folder, name);
  const supervisor = spawn(
    process.execPath,
    [command, 'up', file, '--state', state, '--port', String(await freePort())],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1', TULLE_ENVOY: envoyPath() },
    },
  );
  let output = '';
  for (const stream of [supervisor.stdout, supervisor.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const stop = async (): Promise<void> => {
    if (supervisor.exitCode !== null || supervisor.signalCode !== null) return;
    const ended = once(supervisor, 'exit');
    supervisor.kill('SIGTERM');
    await ended;
  };
  // Whatever ends the benchmark ends the mesh: it notices that its supervisor is gone.
  process.once('exit', () => supervisor.kill('SIGTERM'));
  try {
    const port = await until(
      () => answeringPort(found),
      () => supervisor.exitCode === null,
    );
    pin(processTree(supervisor.pid ?? 0), loadCore);
    const pids = sidecars(state, engine);
    pin(pids, proxyCore);
    return { peer: engine, port, host: 'server:8000', pids, stop };
  } catch (error) {
    await stop();
    throw new Error(`the mesh of ${engine} sidecars does not serve: ${(error as Error).message}\n${output}`);
  }
}

function meshOf(bench: Bench, name: string, engine: string, serverPort: number, found: string): object {
  const prefix = join(bench.folder, `${name}-nginx`);
  mkdirSync(prefix);
  const configuration = join(prefix, 'nginx.conf');
  const root = join(bench.folder, 'backend');
  writeFileSync(configuration, nginxConfiguration(prefix, backendServer(root, serverPort)));
  const workload = (workloadName: string, spec: object): object => ({
    apiVersion: 'tulle.dev/v1alpha1',
    kind: 'Workload',
    metadata: { name: workloadName },
    spec: { engine, labels: { app: workloadName, version: 'v1' }, ...spec },
  });
  return {
    apiVersion: 'v1',
    kind: 'List',
    items: [
      {
        apiVersion: 'tulle.dev/v1alpha1',
        kind: 'Mesh',
        metadata: { name },
        spec: {
          mtls: { mode: 'STRICT' },
          accessLog: { enabled: false },
          ports: { api: 0, http: 0, https: 0 },
        },
      },
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'server' },
        spec: { selector: { app: 'server' }, ports: [{ name: 'http', port: 8000 }] },
      },
      workload('server', {
        command: ['nginx', '-p', prefix, '-c', configuration],
        ports: [{ name: 'http', port: 8000, targetPort: serverPort }],
        upstreams: [],
      }),
      workload('client', {
        command: ['sh', '-c', `echo "$SERVER_PORT" > '${found}'; exec sleep 1000000`],
        ports: [],
        upstreams: ['server:8000'],
      }),
    ],
  };
}

/** The client's own port for the server, once requests to it are answered. */
async function answeringPort(file: string): Promise<number | undefined> {
  if (!existsSync(file)) return undefined;
  const port = Number(readFileSync(file, 'utf8'));
  if (!(port > 0)) return undefined;
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/1k`);
    await answer.arrayBuffer();
    return answer.ok ? port : undefined;
  } catch {
    return undefined;
  }
}

async function until<T>(probe: () => Promise<T | undefined>, goesOn: () => boolean): Promise<T> {
  const end = performance.now() + readyMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (!goesOn()) throw new Error('it ended');
    if (performance.now() > end) throw new Error(`not within ${readyMs / 1000} s`);
    await pause(100);
  }
}

/** The two sidecar processes. Beside an Envoy runs an agent of ours, which no request passes. */
function sidecars(state: string, engine: 'tulle' | 'envoy'): number[] {
  const run = JSON.parse(readFileSync(join(state, 'run', 'run.json'), 'utf8')) as {
    children: { name: string; pid: number }[];
  };
  const proxies = run.children.filter(({ name }) => /\b(client|server)-0\.proxy$/.test(name));
  return proxies.map(({ pid }) => (engine === 'envoy' ? (processTree(pid)[1] ?? pid) : pid));
}
