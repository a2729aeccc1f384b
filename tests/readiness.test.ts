/** How soon a whole mesh knows that an instance is not ready, and what becomes of what it was doing. */

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiOf } from './api.ts';
import { fetchOnce } from './load.ts';
import { eventually, type Mesh, root, startMesh, temporaryFolder } from './mesh.ts';
import { allTo } from './shared-mesh.ts';

const state = temporaryFolder();
const control = temporaryFolder();
/** One round more where the machine was busy with something else: what the mesh itself waits for, it waits for in each. */
const rounds = { least: 2, most: 20 };
const withinMs = 200;
let mesh: Mesh;
/** Of every proxy of the mesh. */
let admins: readonly string[] = [];

const workload = (name: string, more: string): string => `
apiVersion: tulle.dev/v1alpha1
kind: Workload
metadata: { name: ${name} }
spec:
  command: [node, web.ts]
  workingDirectory: ${join(root, 'tests/fixtures/readiness')}
  env: { CONTROL: ${control.path} }
  labels: { app: ${name} }
  ports: [{ name: http, port: 8000 }]
${more}
---`;
const edge = `
apiVersion: tulle.dev/v1alpha1
kind: Mesh
metadata: { name: readiness }
spec: {}
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ name: http, port: 80, targetPort: 8000 }] }
---${allTo('web')}---`;

beforeAll(async () => {
  const probe =
    '  probes: { readiness: { httpGet: { path: /ready }, periodSeconds: 1, failureThreshold: 1 } }';
  const file = join(control.path, 'mesh.yaml');
  const callers = workload('caller', '  replicas: 2\n  upstreams: ["web:80"]');
  writeFileSync(
    file,
    `${edge}${workload('web', `  replicas: 2\n  upstreams: ["web:80"]\n${probe}`)}${callers}`,
  );
  mesh = await startMesh(file, state.path);
  const { items } = await apiOf(state.path).request('GET', '/apis/tulle.dev/v1alpha1/proxies');
  const proxies = items as readonly { readonly adminAddress: string }[];
  admins = proxies.map(({ adminAddress }) => adminAddress);
  expect(admins.length).toBe(5);
  await eventually('both serve', async () => ((await answering()).size === 2 ? true : undefined));
});

afterAll(async () => {
  await mesh?.stop();
  state.remove();
  control.remove();
});

async function answering(): Promise<ReadonlySet<string>> {
  const answers = await Promise.all(Array.from({ length: 8 }, () => fetchOnce(mesh.url)));
  for (const { status } of answers) expect(status).toBe(200);
  return new Set(answers.map(({ body }) => body));
}

const told = (name: string): string => join(control.path, name);
const unhealthy = 'health_flags::/failed_eds_health';

/** Resolves with the time at which the proxy was seen to have left the instance out. */
async function leftOut(admin: string, wanted: boolean): Promise<number> {
  for (;;) {
    const { body } = await fetchOnce(`http://${admin}/clusters`);
    if (body.includes(unhealthy) === wanted) return Date.now();
  }
}

/** Makes an instance fail its probe. Milliseconds from its answer until the last proxy knows, and all they took. */
async function failOnce(instance: string): Promise<number> {
  writeFileSync(told(`${instance}.unready`), '');
  const times = await Promise.all(admins.map((admin) => leftOut(admin, true)));
  const failedAt = Number(readFileSync(told(`${instance}.failed`), 'utf8'));
  return Math.max(...times) - failedAt;
}

async function recover(instance: string): Promise<void> {
  rmSync(told(`${instance}.unready`));
  rmSync(told(`${instance}.failed`));
  await Promise.all(admins.map((admin) => leftOut(admin, false)));
}

test(`every proxy leaves an instance out within ${withinMs} ms of its failed probe`, async () => {
  const times: number[] = [];
  for (let round = 0; round < rounds.least || Math.min(...times) >= withinMs; round++) {
    expect(round, `${times.join(', ')} ms`).toBeLessThan(rounds.most);
    times.push(await failOnce(`web-${round % 2}`));
    expect(await answering()).toEqual(new Set([`web-${(round + 1) % 2}`]));
    await recover(`web-${round % 2}`);
  }
  console.info(`not ready ▸ all ${admins.length} proxies: ${times.join(', ')} ms`);
});

test('its running requests end as if nothing had been', async () => {
  const running = fetchOnce(`${mesh.url}/held`);
  const busy = await eventually('it runs', async () =>
    ['web-0', 'web-1'].find((instance) => existsSync(told(`${instance}.held`))),
  );
  await failOnce(busy);
  const other = busy === 'web-0' ? 'web-1' : 'web-0';
  expect(await answering()).toEqual(new Set([other]));
  writeFileSync(told('release'), '');
  expect(await running).toMatchObject({ status: 200, body: busy });
});
