import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type ControlPlane, startControlPlane } from '@tulle/control-plane/control-plane';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { describeWithPeers } from './peer.ts';

const cache = join(import.meta.dirname, '../../node_modules/.cache/tulle');

const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'reviews', labels: { app: 'reviews' } },
  spec: { selector: { app: 'reviews' }, ports: [{ name: 'http', port: 9080 }] },
};

const virtualService = (weight: number) => ({
  apiVersion: 'networking.istio.io/v1alpha3',
  kind: 'VirtualService',
  metadata: { name: 'reviews' },
  spec: {
    hosts: ['reviews'],
    http: [
      {
        route: [
          { destination: { host: 'reviews', subset: 'v1' }, weight },
          { destination: { host: 'reviews', subset: 'v2' }, weight: 100 - weight },
        ],
      },
    ],
  },
});

describeWithPeers('kubectl', ['kubectl'], () => {
  let stateDir: string;
  let plane: ControlPlane;

  beforeAll(async () => {
    stateDir = mkdtempSync(join(tmpdir(), 'tulle-kubectl-'));
    const config = { mesh: 'peers', trustDomain: 'cluster.local', stateDir };
    plane = await startControlPlane({ config, log: (message, error) => console.error(message, error) });
    expect(
      await kubectl('create', '-f', file({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'x' } })),
    ).toBe('namespace/x created');
  });
  afterAll(async () => {
    await plane?.close();
    rmSync(stateDir, { recursive: true, force: true });
  });

  const environment = () => ({
    PATH: `${cache}:${process.env.PATH}`,
    HOME: stateDir,
    KUBECONFIG: join(stateDir, 'kubeconfig'),
  });

  /** What kubectl prints, both streams; a failure too, with its exit code before it. */
  function kubectl(...args: string[]): Promise<string> {
    return new Promise((resolve) => {
      execFile('kubectl', args, { env: environment(), timeout: 60_000 }, (error, stdout, stderr) => {
        const text = `${stdout}${stderr}`.trim();
        resolve(error === null ? text : `exit ${error.code}: ${text}`);
      });
    });
  }

  let files = 0;
  function file(...resources: object[]): string {
    const path = join(stateDir, `${files++}.yaml`);
    writeFileSync(path, resources.map((resource) => stringify(resource)).join('---\n'));
    return path;
  }

  test('apply creates, then says unchanged, then configures', async () => {
    const first = file(service, virtualService(75));
    const told = (how: string) => `service/reviews ${how}\nvirtualservice.networking.istio.io/reviews ${how}`;
    expect(await kubectl('apply', '-n', 'x', '-f', first)).toContain(told('created'));
    expect(await kubectl('apply', '-n', 'x', '-f', first)).toContain(told('unchanged'));
    const wider = {
      ...service,
      spec: { ...service.spec, ports: [...service.spec.ports, { name: 'tcp', port: 9090 }] },
    };
    expect(await kubectl('apply', '-n', 'x', '-f', file(wider, virtualService(50)))).toContain(
      told('configured'),
    );
    const read = async (path: string) => kubectl('get', '-n', 'x', 'svc/reviews', '-o', `jsonpath=${path}`);
    expect(await read('{.spec.ports[*].port}')).toBe('9080 9090');
    expect(await kubectl('apply', '-n', 'x', '-f', first)).toContain(told('configured'));
    expect(await read('{.spec.ports[*].port}')).toBe('9080');
  });

  test('apply refuses a typo, and changes nothing', async () => {
    const typo = virtualService(10);
    const bad = { ...typo, spec: { ...typo.spec, htttp: [] } };
    expect(await kubectl('apply', '-n', 'x', '-f', file(bad))).toMatch(
      /^exit 1: .*strict decoding error: unknown field "spec\.htttp"/s,
    );
    expect(
      await kubectl('get', '-n', 'x', 'vs', 'reviews', '-o', 'jsonpath={.spec.http[0].route[0].weight}'),
    ).toBe('75');
  });

  test('server-side apply is refused as by a server without it', async () => {
    expect(await kubectl('apply', '--server-side', '-n', 'x', '-f', file(service))).toMatch(
      /^exit 1: error: Server-side apply not available/,
    );
  });

  test('get finds a kind by each of its names', async () => {
    for (const name of [
      'vs',
      'virtualservice',
      'virtualservices',
      'VirtualService',
      'virtualservices.networking.istio.io',
      'virtualservices.v1beta1.networking.istio.io',
    ]) {
      const [header, row] = (await kubectl('get', name, '-n', 'x')).split('\n');
      expect(header).toMatch(/^NAME +GATEWAYS +HOSTS +AGE/);
      expect(row).toMatch(/^reviews +\["reviews"\] +\d+[ms]/);
    }
    expect(await kubectl('get', 'svc,vs', '-A', '-l', 'app=reviews', '-o', 'name')).toBe('service/reviews');
    expect(await kubectl('get', 'svc', '-n', 'x', '-o', 'wide')).toMatch(/9080/);
    expect(await kubectl('get', 'vs', 'none', '-n', 'x')).toBe(
      'exit 1: Error from server (NotFound): virtualservices.networking.istio.io "none" not found',
    );
    expect(await kubectl('get', 'namespaces')).toMatch(/x +Active/);
  });

  test('get -o yaml', async () => {
    const yaml = await kubectl('get', 'vs', 'reviews', '-n', 'x', '-o', 'yaml');
    expect(yaml).toMatch(/^apiVersion: networking\.istio\.io\/v1\nkind: VirtualService\n/);
    expect(yaml).toContain('kubectl.kubernetes.io/last-applied-configuration');
    expect(yaml).toContain('        subset: v1\n      weight: 75\n');
  });

  test('get --watch shows changes as they come', async () => {
    const args = ['get', 'configmaps', '-n', 'x', '--watch', '-o', 'name'];
    const child = spawn('kubectl', args, { env: environment(), stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    try {
      const config = (value: string) => ({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'watched' },
        data: { value },
      });
      await kubectl('apply', '-n', 'x', '-f', file(config('1')));
      expect((await lines.next()).value).toBe('configmap/watched');
      await kubectl('apply', '-n', 'x', '-f', file(config('2')));
      expect((await lines.next()).value).toBe('configmap/watched');
    } finally {
      child.kill();
      await once(child, 'exit');
    }
  });

  test('describe', async () => {
    const route = await kubectl('describe', 'vs', 'reviews', '-n', 'x');
    expect(route).toMatch(/Name: +reviews\nNamespace: +x\n/);
    expect(route).toMatch(/API Version: +networking\.istio\.io\/v1\nKind: +VirtualService/);
    expect(route).toMatch(/Weight: +75/);
    expect(route).toMatch(/Events: +<none>/);
    const described = await kubectl('describe', 'service', 'reviews', '-n', 'x');
    expect(described).toMatch(/Type: +ClusterIP/);
    expect(described).toMatch(/Port: +http +9080\/TCP/);
    expect(await kubectl('describe', 'ns', 'x')).toMatch(/Status: +Active/);
  });

  test('patch in all three formats, label, annotate', async () => {
    const patch = (type: string, kind: string, body: unknown) =>
      kubectl('patch', kind, 'reviews', '-n', 'x', '--type', type, '-p', JSON.stringify(body));
    const ports = {
      spec: {
        ports: [
          { port: 9080, name: 'web' },
          { port: 7070, name: 'more' },
        ],
      },
    };
    expect(await patch('strategic', 'svc', ports)).toBe('service/reviews patched');
    const read = (kind: string, path: string) =>
      kubectl('get', kind, 'reviews', '-n', 'x', '-o', `jsonpath=${path}`);
    expect(await read('svc', '{range .spec.ports[*]}{.name}={.port} {end}')).toBe('web=9080 more=7070');
    expect(await patch('merge', 'vs', { spec: { hosts: ['reviews', 'other'] } })).toMatch(/patched$/);
    const operation = { op: 'replace', path: '/spec/hosts/1', value: 'third' };
    expect(await patch('json', 'vs', [operation])).toMatch(/patched$/);
    expect(await read('vs', '{.spec.hosts}')).toBe('["reviews","third"]');
    expect(await patch('merge', 'vs', { spec: { hosts: ['reviews', 'third'] } })).toMatch(
      /patched \(no change\)$/,
    );
    expect(await kubectl('label', 'vs', 'reviews', 'a=b', '-n', 'x')).toMatch(/labeled$/);
    expect(await kubectl('annotate', 'svc', 'reviews', 'a=b', '-n', 'x')).toMatch(/annotated$/);
    expect(await patch('strategic', 'vs', {})).toMatch(/^exit 1: error: .*(strategic|UnsupportedMediaType)/s);
  });

  test('edit', async () => {
    const edited = await new Promise<string>((resolve) => {
      const env = { ...environment(), EDITOR: 'sed -i -e s/75$/60/ -e s/25$/40/', TMPDIR: stateDir };
      const args = ['edit', 'vs', 'reviews', '-n', 'x'];
      execFile('kubectl', args, { env, timeout: 60_000 }, (_, stdout, stderr) =>
        resolve(`${stdout}${stderr}`),
      );
    });
    expect(edited.trim()).toBe('virtualservice.networking.istio.io/reviews edited');
    const weights = 'jsonpath={.spec.http[0].route[*].weight}';
    expect(await kubectl('get', 'vs', 'reviews', '-n', 'x', '-o', weights)).toBe('60 40');
  });

  test('explain', async () => {
    const route = await kubectl('explain', 'virtualservice.spec.http.route');
    expect(route).toMatch(/^GROUP: +networking\.istio\.io\nKIND: +VirtualService\nVERSION: +v1\n/);
    expect(route).toMatch(/destination\t<Object> -required-/);
    expect(await kubectl('explain', 'vs', '--api-version', 'networking.istio.io/v1alpha3')).toMatch(
      /VERSION: +v1alpha3/,
    );
    expect(await kubectl('explain', 'service.spec.ports.targetPort')).toMatch(/KIND: +Service/);
    expect(await kubectl('explain', 'workload', '--recursive')).toMatch(/command/);
  });

  test('api-resources and api-versions', async () => {
    const resources = await kubectl('api-resources');
    expect(resources).toMatch(/^virtualservices +vs +networking\.istio\.io\/v1 +true +VirtualService$/m);
    expect(resources).toMatch(/^services +svc +v1 +true +Service$/m);
    expect(resources).toMatch(/^workloads +\S* +tulle\.dev\/v1alpha1 +true +Workload$/m);
    expect((await kubectl('api-versions')).split('\n')).toEqual(
      expect.arrayContaining(['v1', 'networking.istio.io/v1alpha3', 'security.istio.io/v1']),
    );
  });

  test('create by typed commands, which speak protobuf', async () => {
    const create = (...args: string[]) => kubectl('create', ...args, '-n', 'x');
    expect(await kubectl('create', 'namespace', 'y')).toBe('namespace/y created');
    expect(await create('serviceaccount', 'account')).toBe('serviceaccount/account created');
    expect(await create('secret', 'generic', 'password', '--from-literal=key=välue')).toBe(
      'secret/password created',
    );
    expect(await create('configmap', 'settings', '--from-literal=a=b')).toBe('configmap/settings created');
    expect(await create('service', 'clusterip', 'typed', '--tcp=80:8080')).toBe('service/typed created');
    const key = await kubectl('get', 'secret', 'password', '-n', 'x', '-o', 'jsonpath={.data.key}');
    expect(Buffer.from(key, 'base64').toString()).toBe('välue');
    const port = await kubectl(
      'get',
      'service',
      'typed',
      '-n',
      'x',
      '-o',
      'jsonpath={.spec.ports[0].targetPort}',
    );
    expect(port).toBe('8080');
    expect(await kubectl('delete', 'namespace', 'y')).toBe('namespace "y" deleted');
  });

  test('apply a List, which kubectl validates itself by OpenAPI v2', async () => {
    const path = join(stateDir, 'list.json');
    const settings = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'listed' }, data: { a: 'b' } };
    const items = [settings, virtualService(60)];
    writeFileSync(path, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
    expect(await kubectl('apply', '-n', 'x', '-f', path)).toMatch(
      /^configmap\/listed created\nvirtualservice.*configured$/,
    );
  });

  test('delete, wait, and a namespace with its contents', async () => {
    expect(await kubectl('delete', 'vs', 'reviews', '-n', 'x')).toMatch(
      /^virtualservice\.networking\.istio\.io "reviews" deleted/,
    );
    expect(await kubectl('delete', 'configmaps', '--all', '-n', 'x')).toContain(
      'configmap "watched" deleted',
    );
    expect(await kubectl('wait', '--for=delete', 'vs/reviews', '-n', 'x', '--timeout=20s')).toBe('');
    expect(await kubectl('delete', 'namespace', 'x')).toBe('namespace "x" deleted');
    expect(await kubectl('get', 'svc', '-n', 'x')).toBe('No resources found in x namespace.');
    expect(await kubectl('get', 'ns', 'x')).toMatch(/NotFound/);
  });
});
