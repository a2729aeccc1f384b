/**
 * Bookinfo with a real Envoy as the sidecar of reviews-v2, started by its agent as any sidecar is. The tests run
 * in order, on one mesh: from the second on, every request to reviews goes through Envoy.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import type { ProxyStatus } from '@tulle/control-plane/routes/proxies';
import type { ProxyMetadata } from '@tulle/xds/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import { fetchOnce, startLoad } from '../load.ts';
import { eventually, type Mesh, root, startMesh, temporaryFolder } from '../mesh.ts';
import { isRunning, pidsMentioning, processesOf, processNamed } from '../processes.ts';
import { describeWithPeers } from './peer.ts';

const bookinfo = join(root, 'examples/bookinfo');
const folder = temporaryFolder();
const stateDir = join(folder.path, 'state');
let mesh: Mesh;

interface Document {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: Record<string, unknown>;
}

/** Bookinfo's mesh file with `reviews-v2` behind an Envoy, as a file of its own. */
function writeMeshFile(): string {
  const documents = parseAllDocuments(readFileSync(join(bookinfo, 'mesh.yaml'), 'utf8')).map(
    (document) => document.toJS() as Document,
  );
  const changed = documents.map((document) =>
    document.kind === 'Workload' ? { ...document, spec: specFor(document) } : document,
  );
  return write('mesh.yaml', changed);
}

const specFor = ({ metadata, spec }: Document) => ({
  ...spec,
  workingDirectory: bookinfo,
  ...(metadata.name === 'reviews-v2' && { engine: 'envoy' }),
});

function write(name: string, documents: readonly object[]): string {
  const path = join(folder.path, name);
  writeFileSync(path, documents.map((document) => stringify(document)).join('---\n'));
  return path;
}

/** Applies Workload `name` with another number of replicas. */
async function scale(name: string, replicas: number): Promise<void> {
  const workload = JSON.parse(await mesh.ok('get', 'workload', name, '-o', 'json')) as Document;
  const { kind, metadata, spec } = workload;
  const document = {
    apiVersion: 'tulle.dev/v1alpha1',
    kind,
    metadata: { name: metadata.name },
    spec: { ...spec, replicas },
  };
  await mesh.ok('apply', '-f', write('scale.yaml', [document]));
}

const proxyOf = async (name: string): Promise<ProxyStatus> =>
  JSON.parse(await mesh.ok('proxy-status', name, '-o', 'json')) as ProxyStatus;

/** What was applied a moment ago has come to it. */
const synced = (name: string): Promise<ProxyStatus> =>
  eventually(`${name} is in step`, async () => {
    const proxy = await proxyOf(name);
    return proxy.synced ? proxy : undefined;
  });

const ask = async (proxy: ProxyStatus, path: string): Promise<string> =>
  (await fetchOnce(`http://${proxy.adminAddress}${path}`)).body;

/** Envoy's counters and gauges whose names match. */
async function stats(filter: string): Promise<ReadonlyMap<string, number>> {
  const body = await ask(await proxyOf('reviews-v2-0'), `/stats?filter=${encodeURIComponent(filter)}`);
  return new Map(
    body.split('\n').flatMap((line): [string, number][] => {
      const at = line.lastIndexOf(': ');
      return at < 0 ? [] : [[line.slice(0, at), Number(line.slice(at + 2))]];
    }),
  );
}

const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0);

/** What Envoy's agent was told of its ports. */
const nodeOfEnvoy = (): ProxyMetadata & { TULLE_OUTBOUND: { httpProxy: { port: number } } } =>
  JSON.parse(readFileSync(join(stateDir, 'proxies/reviews-v2-0/envoy/bootstrap.json'), 'utf8')).node.metadata;

/** Where Envoy listens for the mesh. */
const inboundPort = (): number => nodeOfEnvoy().TULLE_INBOUND[0]?.bindPort ?? 0;

/** Sends heads on one connection, each after the answer to the one before; returns all that came. */
function exchange(port: number, ...heads: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1').setEncoding('latin1').setTimeout(60_000);
    const left = [...heads];
    let received = '';
    const send = (): void => {
      const last = left.length === 1;
      socket.write(`${left.shift()}\r\n${last ? 'connection: close\r\n' : ''}\r\n`);
    };
    socket.on('connect', send);
    socket.on('data', (text: string) => {
      received += text;
      if (left.length > 0) send();
    });
    socket.on('timeout', () => socket.destroy(new Error(`no end after: ${received}`)));
    socket.on('error', reject);
    socket.on('end', () => resolve(received));
  });
}

const reviews = (): string => `${mesh.url}/api/v1/products/0/reviews`;

const versionOf = async (): Promise<string> => {
  const { status, body } = await fetchOnce(reviews());
  expect(status, body).toBe(200);
  return (JSON.parse(body) as { version: string }).version;
};

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8');
  } catch {
    return '';
  }
}

/** The Envoy that the agent of `instance` has started. */
async function envoyOf(instance: string): Promise<number> {
  const agent = processNamed(stateDir, `${instance}.proxy`).pid;
  const children = readFileSync(`/proc/${agent}/task/${agent}/children`, 'utf8').trim().split(' ');
  const pid = children.map(Number).find((child) => commandOf(child).startsWith('envoy'));
  if (pid === undefined) throw new Error(`${instance} has no Envoy`);
  return pid;
}

describeWithPeers('Envoy as a sidecar', ['envoy'], () => {
  beforeAll(async () => {
    mesh = await startMesh(writeMeshFile(), stateDir);
  });
  afterAll(async () => {
    await mesh?.stop();
    folder.remove();
  });

  test('canary: a share of the requests goes to the version behind Envoy', async () => {
    await mesh.ok('apply', '-f', join(bookinfo, 'networking/canary.yaml'));
    const seen = new Map<string, number>();
    await eventually('no more v3', async () => {
      for (let i = 0; i < 20; i++) if ((await versionOf()) === 'v3') return undefined;
      return true;
    });
    for (let i = 0; i < 200; i++) {
      const version = await versionOf();
      seen.set(version, (seen.get(version) ?? 0) + 1);
    }
    expect(seen.get('v3')).toBeUndefined();
    // Binomial(200, 0.25): 50 ± 6.1; five deviations.
    expect(seen.get('v2')).toBeGreaterThan(19);
    expect(seen.get('v2')).toBeLessThan(81);
  });

  test('both ways: productpage → Envoy → reviews → Envoy → ratings', async () => {
    const toEnvoy = {
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { name: 'reviews' },
      spec: { hosts: ['reviews'], http: [{ route: [{ destination: { host: 'reviews', subset: 'v2' } }] }] },
    };
    await mesh.ok('apply', '-f', write('all-to-v2.yaml', [toEnvoy]));
    await eventually('all go to v2', async () => {
      const versions = await Promise.all(Array.from({ length: 10 }, versionOf));
      return versions.every((version) => version === 'v2') ? true : undefined;
    });
    const { body } = await fetchOnce(reviews());
    expect(JSON.parse(body)).toMatchObject({
      podname: 'reviews-v2-0',
      reviews: [{ rating: { stars: 5, color: 'black' } }, { rating: { stars: 4, color: 'black' } }],
    });
    const page = await fetchOnce(`${mesh.url}/productpage`);
    expect(page.status).toBe(200);
    expect(page.body).toContain('reviews-v2-0');
  });

  test('mTLS both ways, by TLS 1.3, under SPIFFE identities', async () => {
    const tls = await stats('ssl\\.(handshake|versions|connection_error|no_certificate)');
    const matching = (pattern: RegExp) =>
      sum([...tls].flatMap(([name, n]) => (pattern.test(name) ? [n] : [])));
    expect(matching(/^listener\..*_\d+\.ssl\.handshake$/)).toBeGreaterThan(0);
    expect(matching(/^listener\..*\.ssl\.versions\.TLSv1\.3$/)).toBeGreaterThan(0);
    expect(matching(/^cluster\.outbound\|9080\|\|ratings\..*\.ssl\.handshake$/)).toBeGreaterThan(0);
    expect(matching(/^cluster\.xds-grpc\.ssl\.handshake$/)).toBeGreaterThan(0);
    expect(matching(/no_certificate|connection_error/)).toBe(0);

    // Ratings' own sidecar counts who called it, by the certificate that was shown.
    const before = await ratingsCalls();
    for (let i = 0; i < 5; i++) await versionOf();
    expect((await ratingsCalls()) - before).toBe(5);
  });

  async function ratingsCalls(): Promise<number> {
    const text = await ask(await proxyOf('ratings-v1-0'), '/stats/prometheus');
    const lines = text
      .split('\n')
      .filter(
        (line) =>
          line.startsWith('istio_requests_total{') &&
          line.includes('reporter="destination"') &&
          line.includes('connection_security_policy="mutual_tls"') &&
          line.includes('source_principal="spiffe://cluster.local/ns/default/sa/bookinfo-reviews"') &&
          line.includes('response_code="200"'),
      );
    return sum(lines.map((line) => Number(line.slice(line.lastIndexOf(' ') + 1))));
  }

  test('its port refuses plain text, and a client without a certificate', async () => {
    const port = inboundPort();
    await expect(fetchOnce(`http://127.0.0.1:${port}/health`)).rejects.toThrow();
    const nobody = await new Promise<string>((resolve) => {
      const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
      // With TLS 1.3 the client learns of the refusal after its own end of the handshake.
      socket.on('error', ({ message }) => resolve(message));
      socket.on('data', () => resolve('answered'));
      socket.write('GET /health HTTP/1.1\r\nhost: reviews\r\n\r\n');
    });
    expect(nobody).toMatch(/certificate required/);
  });

  test('the CLI shows it beside the others: engine, acknowledged versions, configuration', async () => {
    const proxy = await synced('reviews-v2-0');
    expect(proxy).toMatchObject({ engine: 'envoy', workload: 'reviews-v2' });
    for (const type of ['cluster', 'endpoint', 'listener', 'route'] as const) {
      const { subscribed, acknowledgedVersion, wantedVersion, nack } = proxy.types[type];
      expect({ subscribed, acknowledgedVersion, nack }).toEqual({
        subscribed: true,
        acknowledgedVersion: wantedVersion,
        nack: undefined,
      });
    }
    // Key, chain and roots come from the agent beside it.
    expect(proxy.types.secret.subscribed).toBe(false);
    expect(await mesh.ok('proxy-status')).toMatch(/reviews-v2-0\.default +[0-9a-f]{7} .* envoy /);
    const config = await mesh.ok('proxy-config', 'reviews-v2-0', 'clusters');
    expect(config).toMatch(/^ratings\S* +9080 +- +outbound +EDS +mTLS +Service ratings$/m);
    const secrets = await mesh.ok('proxy-config', 'reviews-v2-0', 'secrets');
    expect(secrets).toContain('spiffe://cluster.local/ns/default/sa/bookinfo-reviews');
    await eventually('the status says that all have it', async () =>
      /(\d)\/\1/.test(await mesh.ok('get', 'virtualservice', 'reviews', '-o', 'wide')) ? true : undefined,
    );
  });

  test('its HTTP proxy: services of the mesh, tunnels to them, and hosts outside', async () => {
    const { port } = nodeOfEnvoy().TULLE_OUTBOUND.httpProxy;
    const rating = '"ratings":{"Reviewer1":5';
    expect(
      await exchange(port, 'GET http://ratings:9080/ratings/0 HTTP/1.1\r\nhost: ratings:9080'),
    ).toContain(rating);
    const tunnel = 'CONNECT ratings:9080 HTTP/1.1\r\nhost: ratings:9080';
    expect(await exchange(port, tunnel, 'GET /ratings/0 HTTP/1.1\r\nhost: ratings:9080')).toContain(rating);
    const outside = createServer((_, response) => response.end('outside the mesh')).listen(0, '127.0.0.1');
    await once(outside, 'listening');
    try {
      const authority = `127.0.0.1:${(outside.address() as AddressInfo).port}`;
      const direct = `GET http://${authority}/ HTTP/1.1\r\nhost: ${authority}`;
      expect(await exchange(port, direct)).toContain('outside the mesh');
    } finally {
      outside.close();
      outside.closeAllConnections();
    }
  });

  test('endpoints come and go', async () => {
    const ratings = async (): Promise<readonly string[]> => {
      const table = await mesh.ok('proxy-config', 'reviews-v2-0', 'endpoints');
      return table.split('\n').filter((line) => line.includes('||ratings.') && line.includes('HEALTHY'));
    };
    expect(await ratings()).toHaveLength(1);
    await scale('ratings-v1', 2);
    await eventually('two ratings', async () => ((await ratings()).length === 2 ? true : undefined));
    await scale('ratings-v1', 1);
    await eventually('one ratings', async () => ((await ratings()).length === 1 ? true : undefined));
    expect(await versionOf()).toBe('v2');
  });

  test('a second Envoy joins and leaves under load, with no failed request', async () => {
    const load = startLoad(reviews(), { connections: 4 });
    await scale('reviews-v2', 2);
    await eventually('the second one answers', async () =>
      (await fetchOnce(reviews())).body.includes('reviews-v2-1') ? true : undefined,
    );
    const second = await envoyOf('reviews-v2-1');
    await scale('reviews-v2', 1);
    await eventually('the second one is gone', async () => (isRunning(second) ? undefined : true));
    const { failures } = await load.stop(20);
    expect(failures).toEqual([]);
    // Envoy says no goodbye; what drained before is out of the mesh all the same.
    await eventually('its registration is gone', async () =>
      (await mesh.ok('get', 'registrations')).includes('reviews-v2-1') ? undefined : true,
    );
    expect(existsSync(join(stateDir, 'proxies/reviews-v2-1'))).toBe(false);
  });

  test('`tulle run --engine envoy` joins a process of the user, which leaves without a failed request', async () => {
    const words = ['--service', 'reviews', '--port', '9080', '--label', 'version=v2', '--engine', 'envoy'];
    const identity = [
      '--service-account',
      'bookinfo-reviews',
      '--name',
      'mine',
      '--upstream',
      'ratings:9080',
    ];
    const run = spawn(
      process.execPath,
      [
        ...[join(root, 'packages/cli/bin/tulle.mjs'), 'run', '--state', stateDir, ...words, ...identity],
        ...['--readiness', '/health', '--', 'node', join(bookinfo, 'reviews/server.ts')],
      ],
      {
        env: { ...process.env, SERVICE_VERSION: 'v2', STAR_COLOR: 'black' },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const ended = once(run, 'exit');
    const load = startLoad(reviews(), { connections: 2 });
    try {
      await eventually('it answers, through its Envoy', async () => {
        const { body } = await fetchOnce(reviews());
        return body.includes('"podname":"mine"') && body.includes('"stars":5') ? true : undefined;
      });
      expect(await synced('mine')).toMatchObject({ engine: 'envoy' });
    } finally {
      run.kill('SIGTERM');
      await ended;
    }
    const { failures } = await load.stop();
    expect(failures).toEqual([]);
    expect(existsSync(join(stateDir, 'proxies/mine'))).toBe(false);
  });

  test('an Envoy that is killed is started again', async () => {
    const first = await envoyOf('reviews-v2-0');
    process.kill(first, 'SIGKILL');
    await eventually('another one serves', async () => {
      const { status } = await fetchOnce(reviews());
      return status === 200 && (await envoyOf('reviews-v2-0')) !== first ? true : undefined;
    });
    expect(mesh.output()).toContain(
      'reviews-v2-0: sidecar ended (exit code 1: error: envoy ended: killed by SIGKILL)',
    );
  });

  test('an agent that is killed takes its Envoy along, and both are started again', async () => {
    const agent = processNamed(stateDir, 'reviews-v2-0.proxy').pid;
    const first = await envoyOf('reviews-v2-0');
    process.kill(agent, 'SIGKILL');
    await eventually('its Envoy is gone', async () => (isRunning(first) ? undefined : true));
    await eventually('another one serves', async () =>
      (await fetchOnce(reviews())).status === 200 ? true : undefined,
    );
  });

  test('Ctrl-C stops it with the others: no process, no socket stays', async () => {
    const processes = [...processesOf(stateDir).map(({ pid }) => pid), await envoyOf('reviews-v2-0')];
    expect(await mesh.stop()).toBe(0);
    expect(processes.filter(isRunning)).toEqual([]);
    expect(pidsMentioning(stateDir)).toEqual([]);
    expect(existsSync(join(stateDir, 'proxies/reviews-v2-0/envoy'))).toBe(false);
  });

  test('starts again with its stored certificate; when the supervisor is killed -9, it ends by itself', async () => {
    mesh = await startMesh(join(folder.path, 'mesh.yaml'), stateDir);
    expect(await versionOf()).toBe('v2');
    const envoy = await envoyOf('reviews-v2-0');
    const processes = processesOf(stateDir);
    mesh.supervisor.kill('SIGKILL');
    await eventually('Envoy and all others are gone', async () =>
      isRunning(envoy) || processes.some(({ pid }) => isRunning(pid)) ? undefined : true,
    );
    expect(existsSync(join(stateDir, 'proxies/reviews-v2-0/envoy'))).toBe(false);
  });
});
