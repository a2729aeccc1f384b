import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  curl,
  dig,
  isProgram,
  listen,
  openScene,
  portsOf,
  rules,
  runner,
  type Scene,
} from '../captured-scene.ts';
import { eventually, type Mesh, root } from '../mesh.ts';
import { outsideAddress, outsideIpv6 } from '../network-namespace.ts';
import { isRunning, processesOf, processNamed } from '../processes.ts';
import { describeCaptured } from './describe-captured.ts';

const hasGo = isProgram('go', 'version');

describeCaptured('applications that know nothing of proxies', [], () => {
  let scene: Scene;
  let mesh: Mesh;
  beforeAll(async () => {
    scene = await openScene();
    mesh = await scene.start();
  });
  afterAll(async () => {
    await mesh?.stop();
    await scene?.close();
  });

  test('curl calls a service by its names, and the service knows who called', async () => {
    for (const name of ['echo', 'echo.default', 'echo.default.svc', 'echo.default.svc.cluster.local']) {
      const { stdout, stderr } = await scene.client(...curl(`http://${name}/hello`));
      expect(stderr).toBe('');
      const seen = JSON.parse(stdout) as { host: string; url: string; peer: string };
      expect(seen).toMatchObject({ host: name, url: '/hello' });
      expect(seen.peer).toContain('URI=spiffe://cluster.local/ns/default/sa/client');
    }
  });

  test('a service is who was called by address, whatever the Host', async () => {
    const { stdout } = await scene.client(...curl('-H', 'Host: whatever.example', 'http://echo/x'));
    expect(JSON.parse(stdout)).toMatchObject({ host: 'whatever.example', from: 'echo-0' });
  });

  test.skipIf(!hasGo)(
    'a static binary with a resolver of its own',
    async () => {
      const binary = join(scene.folder, 'get');
      execFileSync('go', ['build', '-o', binary, 'get.go'], {
        cwd: scene.folder,
        env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=mod', GOTOOLCHAIN: 'local' },
        stdio: 'ignore',
      });
      const { stdout } = await scene.client(binary, 'http://echo/static');
      expect(JSON.parse(stdout)).toMatchObject({ url: '/static', from: 'echo-0' });
    },
    120_000,
  );

  test('TCP where the server speaks first, in the mesh and outside', async () => {
    expect((await scene.client(...listen('echo', 7000))).stdout).toBe('hello from echo-0\n');
    expect((await scene.client(...listen(outsideAddress, 7000))).stdout).toBe('hello from outside\n');
  });

  test('what is not of the mesh passes through: HTTP, TLS, by name and by address', async () => {
    const text = async (...args: string[]) => (await scene.client(...curl(...args))).stdout;
    expect(await text('http://www.outside.test/')).toBe('outside of www.outside.test');
    expect(await text(`http://${outsideAddress}/`)).toBe(`outside of ${outsideAddress}`);
    expect(await text('-g', `http://[${outsideIpv6}]/`)).toBe(`outside of [${outsideIpv6}]`);
    expect(await text('-k', 'https://tls.outside.test/')).toBe('outside by TLS');
    // A ServiceEntry has an address of its own, and is resolved by the sidecar.
    expect(await text('http://api.outside.test/')).toBe('outside of api.outside.test');
  });

  test('names: addresses, no data, no such name, others, over UDP and TCP', async () => {
    const short = async (...args: string[]) => (await scene.client(...dig('+short', ...args))).stdout.trim();
    const address = await short('echo.default.svc.cluster.local');
    expect(address).toMatch(/^240\.240\.\d+\.\d+$/);
    expect(await short('+tcp', 'echo.default')).toBe(address);
    expect(await short('echo.lab.test')).toBe(address);
    expect((await scene.client('getent', 'ahostsv4', 'echo')).stdout).toContain(address);
    expect(await short('api.outside.test')).toMatch(/^240\.240\./);
    expect(await short('www.outside.test')).toBe(outsideAddress);
    expect(await short('+tcp', 'www.outside.test')).toBe(outsideAddress);
    const noData = (await scene.client(...dig('echo', 'AAAA'))).stdout;
    expect(noData).toMatch(/status: NOERROR.*ANSWER: 0/s);
    expect((await scene.client(...dig('nobody.test'))).stdout).toContain('status: NXDOMAIN');
    const { stdout } = await scene.client(...dig('echo.default.svc.cluster.local'));
    expect(stdout).toMatch(/echo\.default\.svc\.cluster\.local\.\s+30\s+IN\s+A/);
  });

  test('nobody gets to an application past its sidecar, and the sidecar itself is no way round', async () => {
    const echo = portsOf(mesh, 'echo-0');
    for (const run of [scene.client, scene.stranger]) {
      expect((await run(...curl('-f', `http://127.0.0.1:${echo.app}/`))).code).not.toBe(0);
      expect((await run(...curl('-f', `http://10.99.0.1:${echo.app}/`))).code).not.toBe(0);
    }
    const beyond = await scene.machine.outside
      .run(...curl(`http://10.99.0.1:${echo.app}/`))
      .catch((error: Error) => error.message);
    expect(beyond).toMatch(/refused|Couldn't connect/);
    // The application itself may, and its listener for redirected connections leads nowhere by itself.
    const { outbound } = portsOf(mesh, 'client-0');
    expect((await scene.client(...curl(`http://127.0.0.1:${outbound}/`))).code).not.toBe(0);
  });

  test('status says which mode holds for whom', async () => {
    const status = await mesh.ok('status');
    expect(status).toMatch(/Capture: +transparent for 2 of 3; env for the others/);
    expect(status).toMatch(/client-0 +tulle .* transparent/);
  });

  test('REGISTRY_ONLY closes what no resource names', async () => {
    const change = join(scene.folder, 'closed.yaml');
    const mode = (to: string): string =>
      `apiVersion: tulle.dev/v1alpha1\nkind: Mesh\nmetadata: { name: captured }\nspec: { ports: { api: 0, https: 0 }, outboundTrafficPolicy: { mode: ${to} } }\n`;
    writeFileSync(change, mode('REGISTRY_ONLY'));
    await mesh.ok('apply', '-f', change);
    await eventually('the outside is closed', async () => {
      const { code } = await scene.client(...curl('-f', `http://${outsideAddress}:7000/`));
      const { code: http } = await scene.client(...curl('-f', 'http://www.outside.test/'));
      return code !== 0 && http !== 0 ? true : undefined;
    });
    expect((await scene.client(...curl('-f', '-g', `http://[${outsideIpv6}]/`))).code).not.toBe(0);
    expect((await scene.client(...curl('http://api.outside.test/'))).stdout).toBe(
      'outside of api.outside.test',
    );
    expect((await scene.client(...curl('-f', 'http://echo/'))).code).toBe(0);
    writeFileSync(change, mode('ALLOW_ANY'));
    await mesh.ok('apply', '-f', change);
    await eventually('the outside is open', async () =>
      (await scene.client(...curl('-f', 'http://www.outside.test/'))).code === 0 ? true : undefined,
    );
  });
});

describeCaptured('what capture changes on the machine', [], () => {
  test('is undone by a stop, and after kill -9 by the next start', async () => {
    const scene = await openScene();
    try {
      const foreign = 'table inet not-ours {\n\tchain c {\n\t}\n}\n';
      await scene.machine.run('sh', '-c', `echo '${foreign}' | nft -f -`);
      const before = await rules(scene);
      const groups = groupsOfMeshes();
      let mesh = await scene.start();
      expect(await rules(scene)).toContain('table inet tulle-captured-');
      expect(await mesh.stop()).toBe(0);
      expect(await rules(scene)).toBe(before);
      expect(groupsOfMeshes()).toEqual(groups);

      mesh = await scene.start();
      const pids = processesOf(mesh.stateDir).map(({ pid }) => pid);
      mesh.supervisor.kill('SIGKILL');
      await eventually('everything has ended', async () => (pids.some(isRunning) ? undefined : true));
      const left = await rules(scene);
      expect(left).toContain('table inet tulle-captured-');
      mesh = await scene.start();
      const [table = ''] = /tulle-captured-\S+/.exec(left) ?? [];
      expect(mesh.output()).toContain(`removed redirects that a killed run had left: ${table}`);
      expect(await rules(scene)).not.toContain(table);
      expect((await scene.client(...curl('-f', 'http://echo/'))).code).toBe(0);
      expect(await mesh.stop()).toBe(0);
      expect(await rules(scene)).toBe(before);
      expect(groupsOfMeshes()).toEqual(groups);
    } finally {
      await scene.close();
    }
  });

  test('an application that is started again is captured again; one that is deleted leaves no rules', async () => {
    const scene = await openScene();
    const mesh = await scene.start();
    try {
      const { pid } = processNamed(mesh.stateDir, 'client-0');
      process.kill(pid, 'SIGKILL');
      await eventually('it is back', async () =>
        (await scene.client(...curl('-f', 'http://echo/'))).code === 0 ? true : undefined,
      );
      expect(processNamed(mesh.stateDir, 'client-0').pid).not.toBe(pid);
      await mesh.ok('delete', 'workload', 'client');
      await eventually('its rules are gone', async () =>
        (await rules(scene)).includes('outbound-client-0') ? undefined : true,
      );
      expect(await rules(scene)).toContain('outbound-echo-0');
    } finally {
      await mesh.stop();
      await scene.close();
    }
  });

  test('tulle run captures what it runs, with rules of its own that go with it', async () => {
    const scene = await openScene();
    const mesh = await scene.start();
    try {
      const socket = join(scene.folder, 'joined.sock');
      const program = [
        process.execPath,
        join(root, 'packages/cli/bin/tulle.mjs'),
        'run',
        '--state',
        mesh.stateDir,
      ];
      const flags = [
        '--capture',
        'transparent',
        '--service',
        'joined',
        '--port',
        '90',
        '--upstream',
        'echo:80',
      ];
      const command = ['--', 'node', join(scene.folder, 'runner.mjs'), socket];
      const [first = '', ...words] = [...scene.machine.inside, ...program, ...flags, ...command];
      const joined = spawn(first, words, { stdio: 'ignore' });
      const ended = once(joined, 'exit');
      const run = runner(socket);
      const seen = await eventually('what runs reaches a service', async () => {
        const { code, stdout } = await run(...curl('-f', 'http://echo.default/'));
        return code === 0 ? (JSON.parse(stdout) as { peer: string }) : undefined;
      });
      expect(seen.peer).toContain('URI=spiffe://cluster.local/ns/default/sa/default');
      expect((await rules(scene)).match(/table inet tulle-captured-/g)).toHaveLength(2);
      joined.kill('SIGTERM');
      await ended;
      expect((await rules(scene)).match(/table inet tulle-captured-/g)).toHaveLength(1);
    } finally {
      await mesh.stop();
      await scene.close();
    }
  });

  test('without cgroup v2 applications are told apart by user', async () => {
    const readOnly =
      'awk \'$(NF-2) == "cgroup2" { print $5 }\' /proc/self/mountinfo | while read -r at; do mount -o remount,bind,ro $at; done';
    const users = (text: string): string =>
      text
        .replace('command: [node, echo.mjs]', 'command: [node, echo.mjs]\n  user: daemon')
        .replace(/(command: \[node, runner\.mjs, .*client.*\])/, '$1\n  user: nobody');
    const scene = await openScene(readOnly, users);
    chmodSync(scene.folder, 0o777);
    const mesh = await scene.start();
    try {
      expect(await rules(scene)).toContain('meta skuid');
      const { stdout } = await scene.client(...curl('http://echo/'));
      expect(JSON.parse(stdout)).toMatchObject({ from: 'echo-0' });
      expect((await scene.client(...listen('echo', 7000))).stdout).toBe('hello from echo-0\n');
      expect((await scene.client(...curl(`http://127.0.0.1:${portsOf(mesh, 'echo-0').app}/`))).code).not.toBe(
        0,
      );
    } finally {
      await mesh.stop();
      await scene.close();
    }
  });
});

/** Groups that meshes have made below ours. */
function groupsOfMeshes(): string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  const mount = mounts.find((line) => / - cgroup2 /.test(line))?.split(' ')[4];
  if (mount === undefined) return [];
  const own = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '/';
  return readdirSync(join(mount, own)).filter((name) => name.startsWith('tulle-captured-'));
}
