/**
 * Prints the figures of a running mesh on this machine: start, sidecar start, apply to effect, idle memory, and a
 * steady load. Nothing is asserted. `node scripts/figures.ts [seconds of load, default 300]`
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { apiOf } from '../tests/api.ts';
import { fetchOnce, startLoad } from '../tests/load.ts';
import { eventually, startMesh, temporaryFolder } from '../tests/mesh.ts';
import { processesOf, processNamed } from '../tests/processes.ts';

const loadSeconds = Number(process.argv[2] ?? 300);
const applies = 100;

const line = (what: string, value: string): void => {
  process.stdout.write(`${what.padEnd(52)} ${value}\n`);
};
const quantile = (values: readonly number[], q: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.ceil(q * values.length) - 1)] ??
  Number.NaN;

const rssMegabytes = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

const state = temporaryFolder();
const began = performance.now();
const mesh = await startMesh('examples/bookinfo/mesh.yaml', state.path);
try {
  await eventually('a page', async () =>
    (await fetchOnce(`${mesh.url}/productpage`)).status === 200 ? true : undefined,
  );
  line('start to the first 200 from /productpage', `${((performance.now() - began) / 1000).toFixed(2)} s`);

  await new Promise((resolve) => setTimeout(resolve, 5000));
  const proxies = processesOf(state.path).filter(({ role }) => role === 'proxy');
  const sidecars = proxies.filter(
    ({ name }) => name.endsWith('.proxy') && !name.startsWith('ingressgateway'),
  );
  const rss = sidecars.map(({ pid }) => rssMegabytes(pid));
  line(
    'idle RSS of a sidecar, median / largest',
    `${quantile(rss, 0.5).toFixed(0)} / ${Math.max(...rss).toFixed(0)} MB`,
  );

  line('sidecar ready after its process starts', `${await restartedSidecarMs()} ms`);

  const api = apiOf(state.path);
  const path = '/apis/networking.istio.io/v1/namespaces/default/virtualservices';
  const body = (version: string) => ({
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'reviews', namespace: 'default' },
    spec: {
      hosts: ['reviews'],
      http: [
        {
          headers: { response: { set: { 'x-figure': version } } },
          route: [{ destination: { host: 'reviews' } }],
        },
      ],
    },
  });
  await api.request('POST', path, body('none'));
  const times: number[] = [];
  const admins = await adminPorts(api);
  for (let i = 0; i < applies; i++) {
    const start = performance.now();
    await api.request(
      'PATCH',
      `${path}/reviews`,
      { spec: body(`figure-${i}.`).spec },
      'application/merge-patch+json',
    );
    await eventually('all proxies have it', async () => {
      const dumps = await Promise.all(
        admins.map(async (port) => (await fetch(`http://127.0.0.1:${port}/config_dump`)).text()),
      );
      return dumps.every((dump) => !dump.includes('x-figure') || dump.includes(`figure-${i}.`))
        ? true
        : undefined;
    });
    times.push(performance.now() - start);
  }
  line(
    `apply to effect on all proxies (${applies}), p50 / p99`,
    `${quantile(times, 0.5).toFixed(0)} / ${quantile(times, 0.99).toFixed(0)} ms`,
  );
  await api.request('DELETE', `${path}/reviews`);

  const load = startLoad(`${mesh.url}/productpage`, { connections: 32 });
  await new Promise((resolve) => setTimeout(resolve, loadSeconds * 1000));
  const { requests, statuses } = await load.stop();
  line(
    `${loadSeconds} s at 32 connections`,
    `${requests} requests, ${JSON.stringify(Object.fromEntries(statuses))}`,
  );
} finally {
  await mesh.stop();
  state.remove();
}

/** Kills one sidecar of the idle mesh and reads how long its successor took to be ready, by its own log. */
async function restartedSidecarMs(): Promise<number> {
  const log = join(state.path, 'logs/details-v1-0.proxy.log');
  const readyTimes = () =>
    [...readFileSync(log, 'utf8').matchAll(/ready after (\d+) ms/g)].map(([, ms]) => Number(ms));
  const before = readyTimes().length;
  process.kill(processNamed(state.path, 'details-v1-0.proxy').pid, 'SIGKILL');
  return eventually('the sidecar is ready again', async () => readyTimes()[before]);
}

/** Admin ports of every proxy that gets routes to reviews. */
async function adminPorts(api: ReturnType<typeof apiOf>): Promise<number[]> {
  const list = (await api.request('GET', '/apis/tulle.dev/v1alpha1/registrations')) as unknown as {
    items: { spec: { adminAddress: string } }[];
  };
  return list.items.map(({ spec }) => Number(spec.adminAddress.split(':').at(-1)));
}
