/** A client, a server that also listens on a Unix socket, and another server; what Sidecars make of them. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { type RequestOptions, request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { eventually, type Mesh, root, startMesh, temporaryFolder } from './mesh.ts';

/** @param engine of the sidecars */
export function describeSidecars(engine: 'tulle' | 'envoy'): void {
  const folder = temporaryFolder();
  const at = (name: string): string => join(folder.path, name);
  let mesh: Mesh;

  beforeAll(async () => {
    writeFileSync(
      at('mesh.yaml'),
      documents(engine, at)
        .map((each) => stringify(each))
        .join('---\n'),
    );
    mesh = await startMesh(at('mesh.yaml'), at('state'));
    await eventually('the client starts', async () => (existsSync(at('client.env')) ? true : undefined));
  }, 60_000);

  afterAll(async () => {
    await mesh?.stop();
    folder.remove();
  });

  /** As the client calls a host through its HTTP proxy. */
  const call = (host: string): Promise<string> => {
    const proxy = /^http_proxy=http:\/\/127\.0\.0\.1:(\d+)/m.exec(readFileSync(at('client.env'), 'utf8'));
    return answer({
      host: '127.0.0.1',
      port: Number(proxy?.[1]),
      path: `http://${host}/`,
      headers: { host },
    });
  };
  const apply = async (name: string, app: string, spec: object): Promise<void> => {
    const metadata = { name };
    const selector = { workloadSelector: { labels: { app } } };
    const written = {
      apiVersion: 'networking.istio.io/v1',
      kind: 'Sidecar',
      metadata,
      spec: { ...selector, ...spec },
    };
    writeFileSync(at('sidecar.yaml'), stringify(written));
    await mesh.ok('apply', '-f', at('sidecar.yaml'));
  };
  const sees = (what: string, probe: () => Promise<string>, expected: RegExp): Promise<string> =>
    eventually(what, async () => {
      const got = await probe();
      return expected.test(got) ? got : undefined;
    });

  test('without a Sidecar all services are called', async () => {
    expect(await call('shown')).toMatch(/^200 port shown/);
    expect(await call('hidden')).toMatch(/^200 port hidden/);
  });

  test('what a Sidecar does not import is not reached: refused under REGISTRY_ONLY, else passed on to nowhere', async () => {
    const egress = [{ hosts: ['./shown.default.svc.cluster.local'] }];
    await apply('client', 'client', { egress, outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' } });
    await sees('the hidden host is refused', () => call('hidden'), /^502/);
    expect(await call('shown')).toMatch(/^200 port shown/);
    await apply('client', 'client', { egress, outboundTrafficPolicy: { mode: 'ALLOW_ANY' } });
    await sees('the hidden host is looked for outside', () => call('hidden'), /^503/);
    expect(await call('shown')).toMatch(/^200 port shown/);
  });

  test('an egress listener on a Unix socket serves its one service under any Host, others by Host', async () => {
    const port = { number: 0, protocol: 'HTTP', name: 'http' };
    const egress = [
      { port, bind: `unix://${at('one.sock')}`, hosts: ['./hidden.default.svc.cluster.local'] },
      { port, bind: `unix://${at('all.sock')}`, hosts: ['./*'] },
      { hosts: ['./shown.default.svc.cluster.local'] },
    ];
    await apply('client', 'client', { egress, outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' } });
    const through = (socket: string, host: string): Promise<string> =>
      answer({ socketPath: at(socket), path: '/', headers: { host } });
    await sees('the socket answers', () => through('one.sock', 'localhost'), /^200 port hidden\./);
    await sees('the socket answers', () => through('all.sock', 'shown'), /^200 port shown/);
    expect(await through('all.sock', 'hidden')).toMatch(/^200 port hidden/);
    expect(await through('all.sock', 'localhost')).toMatch(/^502/);
    expect(await call('hidden')).toMatch(/^502/);
  });

  test('an ingress listener leads to the application’s Unix socket', async () => {
    const port = { number: 80, protocol: 'HTTP', name: 'http' };
    await apply('shown', 'shown', { ingress: [{ port, defaultEndpoint: `unix://${at('app.sock')}` }] });
    await sees('the application answers on its socket', () => call('shown'), /^200 socket shown/);
  });
}

const service = (name: string): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: { app: name }, ports: [{ name: 'http', port: 80 }] },
});

function documents(engine: 'tulle' | 'envoy', at: (name: string) => string): object[] {
  const tulle = (kind: string, name: string, spec: object): object => ({
    apiVersion: 'tulle.dev/v1alpha1',
    kind,
    metadata: { name },
    spec,
  });
  const server = (name: string, env: Record<string, string>): object =>
    tulle('Workload', name, {
      engine,
      command: [process.execPath, join(root, 'tests/fixtures/sidecar/app.ts')],
      labels: { app: name },
      env,
      ports: [{ name: 'http', port: 80 }],
      upstreams: [],
    });
  return [
    tulle('Mesh', 'sidecars', { ports: { api: 0, https: 0 } }),
    service('shown'),
    service('hidden'),
    server('shown', { SOCKET: at('app.sock') }),
    server('hidden', {}),
    tulle('Workload', 'client', {
      engine,
      command: ['sh', '-c', `env > '${at('client.env')}'; exec sleep 1000000`],
      labels: { app: 'client' },
      ports: [],
    }),
  ];
}

/** Status and body; the reason when there is no answer. */
function answer(options: RequestOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve(`${response.statusCode} ${body}`));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end();
  });
}
