/** The commands against a running mesh. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fetchOnce } from '../load.ts';
import { eventually, type Finished, tulle } from '../mesh.ts';
import { sharedMesh, untilServed } from '../shared-mesh.ts';

const files = mkdtempSync(join(tmpdir(), 'tulle-files-'));
const mesh = sharedMesh('tests/fixtures/churn/mesh.yaml');

beforeAll(() => untilServed(mesh));

afterAll(() => rmSync(files, { recursive: true }));

const write = (name: string, text: string): string => {
  const path = join(files, name);
  writeFileSync(path, text);
  return path;
};

const service = (name: string, port: number): string =>
  `apiVersion: v1\nkind: Service\nmetadata: { name: ${name} }\nspec: { selector: { app: ${name} }, ports: [{ port: ${port} }] }\n`;

describe('apply', () => {
  test('created, unchanged, configured; get, describe and delete agree', async () => {
    const file = write('one.yaml', service('one', 80));
    expect(await mesh.ok('apply', '-f', file)).toBe('service/one created\n');
    expect(await mesh.ok('apply', '-f', file)).toBe('service/one unchanged\n');
    write('one.yaml', service('one', 81));
    expect(await mesh.ok('apply', '-f', file, '--dry-run')).toBe('service/one configured (dry run)\n');
    expect(await mesh.ok('get', 'svc', 'one', '-o', 'yaml')).toContain('port: 80\n');
    expect(await mesh.ok('apply', '-f', file)).toBe('service/one configured\n');
    expect(JSON.parse(await mesh.ok('get', 'service/one', '-o', 'json'))).toMatchObject({
      spec: { ports: [{ port: 81 }] },
    });
    expect(await mesh.ok('describe', 'service', 'one')).toMatch(/^Name: +one$/m);
    expect(JSON.parse(await mesh.ok('describe', 'service', 'one', '-o', 'json'))).toMatchObject([
      { resource: { kind: 'Service', metadata: { name: 'one' } }, events: [] },
    ]);
    expect(await mesh.ok('get', 'services', '-o', 'name')).toContain('service/one\n');
    expect(await mesh.ok('delete', '-f', file)).toBe('service/one deleted\n');
    const { code, stderr } = await mesh.tulle('get', 'service', 'one');
    expect(code).toBe(1);
    expect(stderr).toContain('not found');
  });

  test('one error in one of several files: every error is named, nothing is written', async () => {
    const good = write('good.yaml', service('good', 80));
    const bad = write(
      'bad.yaml',
      `${service('bad', 0)}---\napiVersion: v1\nkind: Servce\nmetadata: { name: x }\n`,
    );
    const { code, stderr } = await mesh.tulle('apply', '-f', good, bad);
    expect(code).toBe(1);
    expect(stderr).toMatch(/bad\.yaml:\d+:\d+ spec\.ports\[0\]\.port: /);
    expect(stderr).toMatch(/bad\.yaml:\d+:\d+ .*Service/);
    expect(stderr).toContain('nothing was changed');
    expect((await mesh.tulle('get', 'service', 'good')).code).toBe(1);
  });

  test('a file with others’ kinds: an error that names the way, and what is ours where it is asked for', async () => {
    const file = write(
      'mixed.yaml',
      `apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: mixed }\n---\n${service('mixed', 80)}`,
    );
    const refused = await mesh.tulle('apply', '-f', file);
    expect([refused.code, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toMatch(/mixed\.yaml:2:7 kind: unknown kind "Deployment" in "apps\/v1"/);
    expect(refused.stderr).toContain('nothing was changed; --skip-unknown-kinds leaves out');
    const { code, stdout, stderr } = await mesh.tulle('apply', '--skip-unknown-kinds', '-f', file);
    expect([code, stdout]).toEqual([0, 'service/mixed created\n']);
    expect(stderr).toMatch(/^warning: .*mixed\.yaml:2:7 skipped: unknown kind "Deployment"/);
    const typo = write('typo.yaml', 'apiVersion: v1\nkind: Servce\nmetadata: { name: mixed }\n');
    expect((await mesh.tulle('apply', '--skip-unknown-kinds', '-f', typo)).code).toBe(1);
    expect(await mesh.ok('delete', '--skip-unknown-kinds', '-f', file)).toBe('service/mixed deleted\n');
  });

  test('a subset that the mesh does not have is an error with its place', async () => {
    const file = write(
      'subset.yaml',
      'apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: { name: web-v9 }\nspec:\n  hosts: [web]\n  http:\n    - route:\n        - destination: { host: web, subset: v9 }\n',
    );
    const { code, stderr } = await mesh.tulle('apply', '-f', file);
    expect(code).toBe(1);
    expect(stderr).toMatch(/subset\.yaml:8:\d+ spec\.http\[0\]\.route\[0\]\.destination\.subset: .*v9/);
  });
});

describe('looking into the mesh', () => {
  test('status', async () => {
    // What was applied before may be on its way to the proxies.
    const text = await eventually('all is in step', async () => {
      const output = await mesh.ok('status');
      return /web-v1-0 +tulle +synced .* env /.test(output) ? output : undefined;
    });
    expect(text).toContain(mesh.url);
    expect(text).toMatch(/web-v1 +v1 +1\/1/);
    const status = JSON.parse(await mesh.ok('status', '-o', 'json'));
    expect(status).toMatchObject({ mesh: 'churn', mtls: 'STRICT' });
    expect(status.proxies).toHaveLength(4);
  });

  test('proxy-status: all in step', async () => {
    const text = await eventually('all synced', async () => {
      const output = await mesh.ok('proxy-status');
      return /STALE|REFUSED/.test(output) ? undefined : output;
    });
    expect(text).toMatch(/^PROXY +CDS +EDS +LDS +RDS +VHDS +SDS +WDS +SINCE +ENGINE +LAG$/m);
    expect(text).toMatch(/^web-v1-0\.default +[0-9a-f]{7} .* tulle +-$/m);
  });

  test('proxy-config shows what a proxy has', async () => {
    const routes = await mesh.ok('proxy-config', 'ingressgateway-0', 'routes');
    expect(routes).toContain('VirtualService web');
    expect(await mesh.ok('proxy-config', 'web-v1-0', 'listeners')).toMatch(/inbound_8000|virtualInbound/);
    expect(await mesh.ok('proxy-config', 'ingressgateway-0', 'clusters')).toContain(
      'web.default.svc.cluster.local',
    );
    expect(await mesh.ok('proxy-config', 'ingressgateway-0', 'endpoints')).toMatch(
      /127\.0\.0\.1:\d+ +HEALTHY/,
    );
    const secrets = await mesh.ok('proxy-config', 'web-v1-0', 'secrets');
    expect(secrets).toContain('spiffe://cluster.local/ns/default/sa/default');
    const all = await mesh.ok('proxy-config', 'web-v1', 'all', '-o', 'json');
    expect(Object.keys(JSON.parse(all))).toEqual(['listeners', 'routes', 'clusters', 'endpoints', 'secrets']);
    expect(all).not.toContain('PRIVATE KEY-----\\nM');
    const { code, stderr } = await mesh.tulle('proxy-config', 'nobody-0', 'routes');
    expect(code).toBe(1);
    expect(stderr).toContain('web-v1-0.default');
  });

  test('version: of the command and of the mesh', async () => {
    expect(await mesh.ok('version')).toMatch(/^tulle \S+\nnode \S+\ncontrol plane \S+\n$/);
  });

  test('logs of an application, its proxy, the control plane', async () => {
    await fetchOnce(mesh.url);
    await eventually('the access log', async () =>
      /"GET \/ HTTP\/1\.1" 200/.test(await mesh.ok('logs', 'ingressgateway')) ? true : undefined,
    );
    await mesh.ok('logs', 'web-v1');
    expect(await mesh.ok('logs', 'web-v1', '--proxy', '--tail', '2')).toMatch(/^.*\n.*\n$/);
    expect(await mesh.ok('logs', 'control-plane', '--tail', '1')).toMatch(/^.*\n$/);
    const { stderr } = await mesh.tulle('logs', 'nobody');
    expect(stderr).toContain('There are logs of:');
  });
});

describe('joining the mesh', () => {
  /** The mesh is named by the environment: what comes after -- is the command's own. */
  const run = (...args: string[]): Promise<Finished> =>
    tulle(['run', ...args], { TULLE_STATE: mesh.stateDir });

  /** An application that serves until the test ends it. */
  async function application(): Promise<{ readonly script: string; readonly end: () => void }> {
    const lifelines = createServer((socket) => socket.unref());
    lifelines.listen(0, '127.0.0.1').unref();
    await once(lifelines, 'listening');
    const sockets = new Set<Socket>();
    lifelines.on('connection', (socket) => sockets.add(socket));
    const { port } = lifelines.address() as AddressInfo;
    const answer = `(q, r) => r.end('joined ' + process.env.TULLE_INSTANCE)`;
    return {
      script: `require('node:http').createServer(${answer}).listen(process.env.PORT, '127.0.0.1');
        require('node:net').connect(${port}, '127.0.0.1').on('close', () => process.exit(0));`,
      end() {
        lifelines.close();
        for (const socket of sockets) socket.end();
      },
    };
  }

  test.runIf(process.getuid?.() === 0)('run: as another user', async () => {
    const at = ['--service', 'none', '--port', '80'];
    const finished = await run(...at, '--user', 'nobody', '--', '/bin/sh', '-c', 'id -un; cd /');
    expect(finished).toMatchObject({ code: 0, stdout: 'nobody\n' });
    const unknown = await run(...at, '--user', 'nobody-here', '--', 'true');
    expect(unknown).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no such user: nobody-here'),
    });
  });

  test('run: in the mesh while the command runs, its exit code is passed through', async () => {
    const { code } = await run(
      '--service',
      'none',
      '--port',
      '80',
      '--',
      process.execPath,
      '-e',
      'process.exit(7)',
    );
    expect(code).toBe(7);
    expect((await mesh.tulle('get', 'service', 'none')).code).toBe(1);
  });

  test('run: it gets requests like any other instance, and leaves without a trace', async () => {
    const { script, end } = await application();
    const finished = run(
      '--service',
      'web',
      '--port',
      '8000',
      '--label',
      'version=v3',
      '--',
      process.execPath,
      '-e',
      script,
    );
    await eventually('a third endpoint', async () => {
      const { services } = JSON.parse(await mesh.ok('status', '-o', 'json'));
      return services.find(({ name }: { name: string }) => name === 'web').readyEndpoints === 3
        ? true
        : undefined;
    });
    end();
    expect((await finished).code).toBe(0);
    await eventually('two are left', async () => {
      const { services } = JSON.parse(await mesh.ok('status', '-o', 'json'));
      const { endpoints } = services.find(({ name }: { name: string }) => name === 'web');
      return endpoints === 2 ? true : undefined;
    });
  });

  test('run: beside a Workload of the same version it is an instance of its own; a taken name is refused', async () => {
    const { script, end } = await application();
    const args = ['--service', 'web', '--port', '8000', '--label', 'version=v2'];
    const finished = run(...args, '--network', 'network-2', '--', process.execPath, '-e', script);
    await eventually('a third endpoint', async () => {
      const { services } = JSON.parse(await mesh.ok('status', '-o', 'json'));
      return services.find(({ name }: { name: string }) => name === 'web').readyEndpoints === 3
        ? true
        : undefined;
    });
    expect(await mesh.ok('get', 'registrations')).toMatch(/web-v2-run-\d+ +web-v2-run /);
    const { items } = JSON.parse(await mesh.ok('get', 'registrations', '-o', 'json'));
    const joined = items.filter(({ spec }: { spec: { network: string } }) => spec.network === 'network-2');
    expect(joined).toMatchObject([{ spec: { workload: 'web-v2-run' } }]);
    end();
    expect((await finished).code).toBe(0);
    const taken = await run(...args, '--name', 'web-v2-0', '--', process.execPath, '-e', script);
    expect(taken.code).toBe(1);
    expect(taken.stderr).toContain('web-v2-0 is in the mesh already');
    const ofGroup = await run('--group', 'web', '--network', 'network-2', '--', 'true');
    expect(ofGroup.code).toBe(2);
    expect(ofGroup.stderr).toContain('--group says the network');
  });

  test('register and deregister', async () => {
    expect(
      await mesh.ok('register', 'web-vm', '--service', 'web', '--address', '127.0.0.9', '--port', 'http=81'),
    ).toBe('workloadentry.networking.istio.io/web-vm created\n');
    expect(await mesh.ok('get', 'workloadentries')).toContain('127.0.0.9');
    expect(await mesh.ok('deregister', 'web-vm')).toBe('workloadentry.networking.istio.io/web-vm deleted\n');
    expect((await mesh.tulle('deregister', 'web-vm')).code).toBe(1);
  });
});
