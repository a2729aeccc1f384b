/** Workloads are processes: applying, changing, scaling and deleting them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fetchOnce, startLoad } from '../load.ts';
import { eventually } from '../mesh.ts';
import { isRunning, processesOf, processNamed } from '../processes.ts';
import { allTo, sharedMesh } from '../shared-mesh.ts';

const files = mkdtempSync(join(tmpdir(), 'tulle-files-'));
const mesh = sharedMesh('tests/fixtures/empty-mesh.yaml');

/** Says its greeting and when it was started. */
const app = `
  const { createServer } = require('node:http');
  createServer((request, response) => response.end(process.env.GREETING)).listen(process.env.PORT, '127.0.0.1');
  process.on('SIGTERM', () => process.exit(0));
`;

const workload = (greeting: string, replicas = 1, command = `[node, app.cjs]`): string => `
apiVersion: tulle.dev/v1alpha1
kind: Workload
metadata: { name: hello }
spec:
  command: ${command}
  env: { GREETING: ${greeting} }
  labels: { app: hello, version: v1 }
  ports: [{ name: http, port: 8000 }]
  replicas: ${replicas}
  upstreams: []
`;

const routing = `
apiVersion: v1
kind: Service
metadata: { name: hello }
spec: { selector: { app: hello }, ports: [{ name: http, port: 80, targetPort: 8000 }] }
---${allTo('hello')}`;

beforeAll(() => writeFileSync(join(files, 'app.cjs'), app));

afterAll(() => rmSync(files, { recursive: true }));

async function apply(text: string): Promise<void> {
  const path = join(files, 'applied.yaml');
  writeFileSync(path, text);
  await mesh.ok('apply', '-f', path);
}

const answers = (greeting: string) =>
  eventually(`"${greeting}" is answered`, async () =>
    (await fetchOnce(mesh.url)).body === greeting ? true : undefined,
  );

test('an applied Workload is started, from the folder of its file', async () => {
  await apply(`${routing}---${workload('one')}`);
  await answers('one');
});

test('a changed Workload is replaced, the new one ready before the old one drains: no request fails', async () => {
  const { pid } = processNamed(mesh.stateDir, 'hello-0');
  const load = startLoad(mesh.url, { connections: 4 });
  await apply(workload('two'));
  await answers('two');
  await eventually('the old one is gone', async () => (isRunning(pid) ? undefined : true));
  const { failures } = await load.stop(20);
  expect(failures).toEqual([]);
});

test('scaled up and down under load: no request fails', async () => {
  const running = (): number =>
    processesOf(mesh.stateDir).filter(({ name }) => /^hello-\d+$/.test(name)).length;
  const load = startLoad(mesh.url, { connections: 4 });
  await apply(workload('two', 3));
  await eventually('three run', async () => (running() === 3 ? true : undefined));
  await eventually('three are ready', async () =>
    /hello +v1 +3\/3/.test(await mesh.ok('status')) ? true : undefined,
  );
  await apply(workload('two', 1));
  await eventually('one runs', async () => (running() === 1 ? true : undefined));
  expect((await load.stop()).failures).toEqual([]);
});

test('a version that does not start leaves the old one serving and says why', async () => {
  await apply(workload('three', 1, `[/bin/sh, -c, "echo no database >&2; exit 3"]`));
  await eventually('it is reported', async () =>
    /ended \(exit code 3\)[\s\S]*no database/.test(mesh.output()) ? true : undefined,
  );
  expect((await fetchOnce(mesh.url)).body).toBe('two');
  expect(await mesh.ok('status')).toContain('exit code 3');
  await apply(workload('four'));
  await answers('four');
});

test('a deleted Workload ends', async () => {
  const hello = () => processesOf(mesh.stateDir).filter(({ name }) => name.startsWith('hello-'));
  const pids = await eventually('one instance is left', async () =>
    hello().length === 2 ? hello().map(({ pid }) => pid) : undefined,
  );
  await mesh.ok('delete', 'workload', 'hello');
  await eventually('its processes are gone', async () => (pids.some(isRunning) ? undefined : true));
});

test.runIf(process.getuid?.() === 0)('a Workload runs as its user, within its limits', async () => {
  await apply(`
apiVersion: tulle.dev/v1alpha1
kind: Workload
metadata: { name: limited }
spec:
  command: [/bin/sh, -c, "id -un; ulimit -n; echo $PORT; pwd"]
  workingDirectory: /
  user: nobody
  restartPolicy: Never
  resources: { limits: { openFiles: 77 } }
`);
  const text = await eventually('its output', async () => {
    const { code, stdout } = await mesh.tulle('logs', 'limited');
    return code === 0 && stdout.split('\n').length > 3 ? stdout : undefined;
  });
  expect(text).toBe('nobody\n77\n\n/\n');
  await mesh.ok('delete', 'workload', 'limited');
});
