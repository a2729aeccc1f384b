/** Workloads that come, change and go under load, in a mesh whose other workloads must not notice. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fetchOnce, startLoad } from './load.ts';
import { eventually, root, temporaryFolder } from './mesh.ts';
import { isRunning, processesOf, processNamed } from './processes.ts';
import { sharedMesh, untilServed } from './shared-mesh.ts';

const files = temporaryFolder();
const mesh = sharedMesh('tests/fixtures/churn/mesh.yaml');

beforeAll(() => untilServed(mesh));

afterAll(() => files.remove());

const web = (version: string, said = version): string => `
apiVersion: tulle.dev/v1alpha1
kind: Workload
metadata: { name: web-${version} }
spec:
  command: [node, web.ts]
  workingDirectory: ${join(root, 'tests/fixtures/churn')}
  env: { VERSION: ${said} }
  labels: { app: web, version: ${version} }
  ports: [{ name: http, port: 8000 }]
  upstreams: []
`;

async function apply(text: string): Promise<void> {
  const path = join(files.path, 'applied.yaml');
  writeFileSync(path, text);
  await mesh.ok('apply', '-f', path);
}

const said = async (): Promise<Set<string>> => {
  const answers = await Promise.all(Array.from({ length: 16 }, () => fetchOnce(mesh.url)));
  return new Set(answers.map(({ body }) => body.trim()));
};
const until = (what: string, holds: (versions: Set<string>) => boolean) =>
  eventually(what, async () => (holds(await said()) ? true : undefined));

const has = (versions: Set<string>, version: string): boolean =>
  [...versions].some((text) => text.includes(version));

test('deleted and applied again: its share goes to the others and comes back', async () => {
  const pids = ['web-v2-0', 'web-v2-0.proxy'].map((name) => processNamed(mesh.stateDir, name).pid);
  const load = startLoad(mesh.url, { connections: 4 });
  await mesh.ok('delete', 'workload', 'web-v2');
  await eventually('its processes are gone', async () => (pids.some(isRunning) ? undefined : true));
  expect(has(await said(), 'v2')).toBe(false);
  await apply(web('v2'));
  await until('v2 serves again', (versions) => has(versions, 'v2'));
  const { failures } = await load.stop(20);
  expect(failures).toEqual([]);
});

test('changed again while it still rolls out: the last change wins', async () => {
  const load = startLoad(mesh.url, { connections: 4 });
  for (const generation of ['v1a', 'v1b', 'v1c']) await apply(web('v1', generation));
  await until('the last change serves', (versions) => has(versions, 'v1c'));
  await eventually('one instance of it is left', async () =>
    processesOf(mesh.stateDir).filter(({ name }) => /^web-v1-\d+$/.test(name)).length === 1
      ? true
      : undefined,
  );
  const versions = await said();
  expect([has(versions, 'v1a'), has(versions, 'v1b')]).toEqual([false, false]);
  expect((await load.stop()).failures).toEqual([]);
});

test('changed while the control plane dies: it rolls out all the same', async () => {
  const load = startLoad(mesh.url, { connections: 4 });
  await apply(web('v1', 'v1d'));
  const { pid } = processNamed(mesh.stateDir, 'control-plane');
  process.kill(pid, 'SIGKILL');
  await until('the change serves', (versions) => has(versions, 'v1d'));
  await eventually('one instance of it is left', async () =>
    processesOf(mesh.stateDir).filter(({ name }) => /^web-v1-\d+$/.test(name)).length === 1
      ? true
      : undefined,
  );
  expect((await load.stop()).failures).toEqual([]);
});

test('one that never becomes ready is reported with its last lines, and gets no request', async () => {
  const load = startLoad(mesh.url, { connections: 2 });
  await apply(`
apiVersion: tulle.dev/v1alpha1
kind: Workload
metadata: { name: never }
spec:
  command: [/bin/sh, -c, "echo no database at 10.0.0.1 >&2; exec sleep 1000"]
  labels: { app: web, version: v9 }
  ports: [{ name: http, port: 8000 }]
  upstreams: []
  probes: { readiness: { httpGet: { path: / }, periodSeconds: 1 } }
`);
  await eventually('it is reported', async () =>
    /never[^\n]*not healthy[\s\S]*no database at 10\.0\.0\.1/.test(mesh.output()) ? true : undefined,
  );
  expect(await mesh.ok('status')).toMatch(/never +v9 +0\/1/);
  await mesh.ok('delete', 'workload', 'never');
  await eventually('it is gone', async () =>
    processesOf(mesh.stateDir).some(({ name }) => name.startsWith('never-')) ? undefined : true,
  );
  expect((await load.stop()).failures).toEqual([]);
});
