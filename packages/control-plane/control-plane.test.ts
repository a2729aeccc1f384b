import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { grpcConnector } from '@tulle/data-plane/grpc/connection';
import { TimerWheel } from '@tulle/data-plane/timers/wheel';
import type { Condition, Resource } from '@tulle/resources/kind';
import type { GrpcStatus } from '@tulle/xds/client/transport';
import type { Clock } from '@tulle/xds/clock';
import { encode } from '@tulle/xds/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { graceMs } from './discovery/universal/leases.ts';
import { enrol, FakeProxy, proxyMetadata, renew, type TestSvid } from './fake-proxy.fixture.ts';
import { openAuthority } from './identity/authority.ts';

/** The machine's time, which a test can move forward: what falls due then runs at once. */
class ShiftedClock implements Clock {
  #offset = 0;
  readonly #due = new Set<{ at: number; run: () => void }>();
  #held: number | undefined;
  now = (): number => (this.#held ?? Date.now()) + this.#offset;
  steady = (): number => this.now();
  after(ms: number, run: () => void): { cancel(): void } {
    const entry = { at: this.now() + ms, run: () => void cancel() };
    const cancel = (): void => {
      clearTimeout(timer);
      this.#due.delete(entry);
    };
    entry.run = () => {
      cancel();
      run();
    };
    const timer = setTimeout(entry.run, Math.min(ms, 2 ** 31 - 1)).unref();
    this.#due.add(entry);
    return { cancel };
  }
  /** From here on it moves only by `shift`, however long the machine takes. */
  hold(): void {
    this.#held = Date.now();
  }
  shift(ms: number): void {
    this.#offset += ms;
    for (const entry of [...this.#due].sort((a, b) => a.at - b.at)) if (entry.at <= this.now()) entry.run();
  }
}

let stateDir: string;
let clock: ShiftedClock;
let plane: ControlPlane;
let logged: string[];
const proxies: FakeProxy[] = [];
const reviews = 'outbound|9080||reviews.default.svc.cluster.local';
const until = (check: () => unknown): Promise<void> => expect.poll(check, { interval: 5 }).toBeTruthy();

async function start(): Promise<void> {
  plane = await startControlPlane({
    config: { mesh: 'test', trustDomain: 'mesh.test', stateDir },
    clock,
    log: (message, error) => logged.push(error === undefined ? message : `${message}: ${String(error)}`),
  });
}

async function request(
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: unknown }> {
  const token = readFileSync(join(stateDir, 'api-token'), 'utf8').trim();
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  const response = await fetch(plane.api + path, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': type }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

async function create(
  path: string,
  resource: Omit<Resource, 'metadata'> & { metadata: { name: string } },
): Promise<void> {
  const { status, body } = await request('POST', path, resource);
  if (status !== 201) throw new Error(JSON.stringify(body));
}

const accounts = '/api/v1/namespaces/default/serviceaccounts';
const virtualServices = '/apis/networking.istio.io/v1/namespaces/default/virtualservices';

async function tokenFor(account: string): Promise<string> {
  const { body } = await request('POST', `${accounts}/${account}/token`, {
    spec: { audiences: ['tulle-enrolment'] },
  });
  return (body as { status: { token: string } }).status.token;
}

async function svidFor(account: string): Promise<TestSvid> {
  return enrol(plane, await tokenFor(account));
}

function run(name: string, account: string, svid: TestSvid, changes = {}): FakeProxy {
  const proxy = new FakeProxy(plane, svid, proxyMetadata(name, account, changes));
  proxies.push(proxy);
  return proxy;
}

const inboundAt = (bindPort: number) => ({
  TULLE_INBOUND: [
    { port: 9080, name: 'http', bindAddress: '127.0.0.1', bindPort, appAddress: '127.0.0.1', appPort: 1 },
  ],
});

async function setReady(name: string): Promise<void> {
  const path = `/apis/tulle.dev/v1alpha1/namespaces/default/registrations/${name}/status`;
  await expect.poll(async () => (await request('PATCH', path, { status: { ready: true } })).status).toBe(200);
}

async function applied(): Promise<Condition | undefined> {
  const { body } = await request('GET', `${virtualServices}/reviews`);
  const { status } = body as { status?: { conditions?: Condition[] } };
  return status?.conditions?.find(({ type }) => type === 'Applied');
}

beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'tulle-control-plane-'));
  clock = new ShiftedClock();
  logged = [];
  await start();
  for (const name of ['reviews', 'productpage']) {
    await create(accounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } });
  }
  await create('/api/v1/namespaces/default/services', {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'reviews' },
    spec: { selector: { app: 'reviews' }, ports: [{ name: 'http', port: 9080 }] },
  });
});

afterEach(async () => {
  await Promise.all(proxies.splice(0).map((proxy) => proxy.kill()));
  await plane.close();
  rmSync(stateDir, { recursive: true, force: true });
  expect(logged.filter((line) => line.startsWith('unexpected'))).toEqual([]);
});

describe('a proxy', () => {
  it('enrols, is registered and gets all that it needs', async () => {
    const proxy = run('reviews-v1-0', 'reviews', await svidFor('reviews'));
    await setReady('reviews-v1-0');
    await until(() => proxy.endpoints(reviews)[0] === '21000 HEALTHY');
    await until(() => proxy.received.listener.size === 2);
    expect([...proxy.received.listener.keys()].sort()).toEqual(['inbound_9080', 'outbound_http_proxy']);
    expect([...proxy.received.cluster.keys()]).toContain('inbound|9080||');
    expect(proxy.received.secret.has('ROOTCA')).toBe(true);
    await until(() => proxy.received.route.has('http_proxy'));
    const { body } = await request('GET', '/apis/tulle.dev/v1alpha1/proxies');
    expect(body).toMatchObject({
      items: [
        {
          metadata: { name: 'reviews-v1-0' },
          identity: 'spiffe://mesh.test/ns/default/sa/reviews',
          engine: 'tulle',
        },
      ],
    });
  });

  it('renews its certificate under its own identity, also while its stream is open', async () => {
    const svid = await svidFor('reviews');
    const proxy = run('reviews-v1-0', 'reviews', svid);
    await until(() => proxy.received.listener.size > 0);
    const before = (
      (await request('GET', '/apis/tulle.dev/v1alpha1/proxies')).body as {
        items: { certificateExpires: string }[];
      }
    ).items[0];
    clock.shift(3600_000 / 2);
    const renewed = await renew(plane, svid);
    expect(renewed.cert).not.toBe(svid.cert);
    const after = (
      (await request('GET', '/apis/tulle.dev/v1alpha1/proxies')).body as {
        items: { certificateExpires: string }[];
      }
    ).items[0];
    expect(Date.parse(after?.certificateExpires ?? '')).toBeGreaterThan(
      Date.parse(before?.certificateExpires ?? ''),
    );
    expect(proxy.ended).toEqual([]);
  });

  it('gets nothing for a certificate that is over, also on a connection from before: that ends with it', async () => {
    clock.hold();
    const svid = await svidFor('reviews');
    const { address, xdsPort: port, identity: serverIdentity } = plane;
    const connection = grpcConnector(new TimerWheel())({ address, port, tls: svid, serverIdentity });
    const ask = (): Promise<GrpcStatus> =>
      new Promise((resolve) => {
        const path = '/istio.v1.auth.IstioCertificateService/CreateCertificate';
        const call = connection.open(path, {}, { onMessage: () => {}, onEnd: resolve });
        call.send(encode('istio.v1.auth.IstioCertificateRequest', { csr: 'none' }));
        call.end();
      });
    expect(await ask()).toMatchObject({ code: 3 });
    clock.shift(24 * 3600_000);
    expect(await ask()).toEqual({ code: 16, message: 'no SVID of this mesh, or one that has expired' });
    clock.shift(1_000);
    expect(await ask()).toMatchObject({ code: 14 });
    connection.close();
  });

  it('is refused with a token that is spent, old or made up', async () => {
    const token = await tokenFor('reviews');
    await enrol(plane, token);
    await expect(enrol(plane, token)).rejects.toMatchObject({ code: 16 });
    const old = await tokenFor('reviews');
    clock.shift(10 * 60_000);
    await expect(enrol(plane, old)).rejects.toMatchObject({ code: 16 });
    const [form, id, , pin] = token.split('.');
    await expect(enrol(plane, [form, id, 'A'.repeat(43), pin].join('.'))).rejects.toMatchObject({ code: 16 });
    expect((await request('POST', `${accounts}/nobody/token`, {})).status).toBe(404);
  });

  it('cannot say that it is somebody else', async () => {
    const svid = await svidFor('productpage');
    await create('/apis/tulle.dev/v1alpha1/namespaces/default/workloads', {
      apiVersion: 'tulle.dev/v1alpha1',
      kind: 'Workload',
      metadata: { name: 'reviews-v1' },
      spec: { command: ['true'], serviceAccount: 'reviews' },
    });
    const started = [
      run('reviews-v1-0', 'reviews', svid),
      run('productpage-v1-0', 'productpage', svid, { NAMESPACE: 'tulle-system' }),
      run('productpage-v1-0', 'productpage', svid, { WORKLOAD_NAME: 'reviews-v1' }),
      run('productpage-v1-0', 'productpage', svid, { NAME: '../other' }),
    ];
    const refused = () => logged.filter((line) => line.startsWith('xds: refused'));
    await until(() => refused().length >= started.length);
    expect(logged.filter((line) => line.includes('connected from'))).toEqual([]);
    for (const reason of [
      'the certificate is for productpage in default, not for reviews in default',
      'the certificate is for productpage in default, not for productpage in tulle-system',
      'Workload reviews-v1 runs as reviews, not as productpage',
      'NAME must be a name',
    ]) {
      expect(refused().filter((line) => line.includes(reason)).length).toBeGreaterThan(0);
    }
    for (const proxy of started) expect(proxy.updates).toEqual([]);
    const { body } = await request('GET', '/apis/tulle.dev/v1alpha1/registrations');
    expect((body as { items: unknown[] }).items).toEqual([]);
  });

  it('is refused without a certificate, and with one of another authority', async () => {
    const svid = await svidFor('reviews');
    const other = mkdtempSync(join(tmpdir(), 'tulle-ca-'));
    try {
      const foreign = await openAuthority(other, { trustDomain: 'mesh.test', clock });
      const { csrPem, key } = await requestWithKey();
      const { chain } = await foreign.issue({ namespace: 'default', serviceAccount: 'reviews' }, csrPem);
      for (const shown of [{ ca: svid.ca } as TestSvid, { ca: svid.ca, key, cert: chain.join('') }]) {
        const proxy = run('reviews-v1-0', 'reviews', shown);
        await until(() => proxy.ended.length > 0);
        await proxy.kill();
        expect(proxy.updates).toEqual([]);
        await expect(renew(plane, shown)).rejects.toThrow();
      }
    } finally {
      rmSync(other, { recursive: true, force: true });
    }
  });
});

describe('a change', () => {
  const weighted = (v1: number, v2: number) => ({
    hosts: ['reviews'],
    http: [
      {
        route: [
          { destination: { host: 'reviews', subset: 'v1' }, weight: v1 },
          { destination: { host: 'reviews', subset: 'v2' }, weight: v2 },
        ],
      },
    ],
  });

  beforeEach(async () => {
    await create('/apis/networking.istio.io/v1/namespaces/default/destinationrules', {
      apiVersion: 'networking.istio.io/v1',
      kind: 'DestinationRule',
      metadata: { name: 'reviews' },
      spec: {
        host: 'reviews',
        subsets: ['v1', 'v2'].map((version) => ({ name: version, labels: { version } })),
      },
    });
  });

  it('of a VirtualService reaches the proxy, and its condition says so, once', async () => {
    const proxy = run('productpage-v1-0', 'productpage', await svidFor('productpage'));
    await until(() => proxy.received.route.has('http_proxy'));
    await create(virtualServices, {
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { name: 'reviews' },
      spec: weighted(75, 25),
    });
    const subset = (name: string) => `outbound|9080|${name}|reviews.default.svc.cluster.local`;
    await until(() => Object.keys(proxy.weights('reviews')).length === 2);
    expect(proxy.weights('reviews')).toEqual({ [subset('v1')]: 75, [subset('v2')]: 25 });
    await expect.poll(applied).toMatchObject({ status: 'True', message: 'Applied 1/1' });

    const updates = proxy.updates.length;
    const version = async () =>
      ((await request('GET', `${virtualServices}/reviews`)).body as Resource).metadata.resourceVersion;
    const settled = await version();
    await request('PATCH', `${virtualServices}/reviews`, { metadata: { annotations: { note: 'same' } } });
    await expect.poll(version).not.toBe(settled);
    // An equal configuration: whatever was pushed would have come before this next change.
    await request('PATCH', `${virtualServices}/reviews`, { spec: weighted(10, 90) });
    await until(() => proxy.weights('reviews')[subset('v2')] === 90);
    expect(proxy.updates.length).toBe(updates + 1);
  });

  it('that a proxy refuses shows who and why', async () => {
    const proxy = run('productpage-v1-0', 'productpage', await svidFor('productpage'));
    await until(() => proxy.received.virtualHost.size > 0);
    proxy.refuse = (type) => (type === 'virtualHost' ? 'no such thing' : undefined);
    await create(virtualServices, {
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { name: 'reviews' },
      spec: weighted(1, 99),
    });
    await expect.poll(applied).toMatchObject({
      status: 'False',
      reason: 'Rejected',
      message: expect.stringContaining(
        'Applied 0/1; productpage-v1-0.default: http_proxy/reviews.default.svc.cluster.local:9080: no such thing',
      ),
    });
  });
});

describe('an instance', () => {
  it('goes at once when its proxy says goodbye, and after its grace when it is lost', async () => {
    const svid = await svidFor('reviews');
    const watcher = run('productpage-v1-0', 'productpage', await svidFor('productpage'), inboundAt(21_100));
    const first = run('reviews-v1-0', 'reviews', svid, inboundAt(21_200));
    const second = run('reviews-v1-1', 'reviews', svid, inboundAt(21_300));
    for (const name of ['reviews-v1-0', 'reviews-v1-1']) await setReady(name);
    await until(() => watcher.endpoints(reviews).length === 2);
    await first.goodbye();
    await until(() => watcher.endpoints(reviews).length === 1);
    expect(watcher.endpoints(reviews)).toEqual(['21300 HEALTHY']);
    await second.kill();
    await until(() => logged.includes('xds: reviews-v1-1.default lost'));
    clock.shift(graceMs - 1_000);
    expect(watcher.endpoints(reviews)).toEqual(['21300 HEALTHY']);
    clock.shift(2_000);
    await until(() => watcher.endpoints(reviews).length === 0);
  });

  it('is served after a restart of the control plane, which comes back on its ports', async () => {
    const svid = await svidFor('reviews');
    const watcher = run('productpage-v1-0', 'productpage', await svidFor('productpage'), inboundAt(21_100));
    const back = run('reviews-v1-0', 'reviews', svid, inboundAt(21_200));
    const held = run('reviews-v1-1', 'reviews', svid, inboundAt(21_300));
    for (const name of ['reviews-v1-0', 'reviews-v1-1']) await setReady(name);
    await until(() => watcher.endpoints(reviews).filter((one) => one.endsWith('HEALTHY')).length === 2);
    const { api, xdsPort, enrolPort } = plane;
    await plane.close();
    await held.kill();
    const seen = watcher.updates.length;
    logged = [];
    await start();
    expect({ api, xdsPort, enrolPort }).toEqual({
      api: plane.api,
      xdsPort: plane.xdsPort,
      enrolPort: plane.enrolPort,
    });
    for (const name of ['productpage-v1-0', 'reviews-v1-0']) {
      await until(() => logged.some((line) => line.startsWith(`xds: ${name}.default connected`)));
    }
    await request('PATCH', '/api/v1/namespaces/default/services/reviews', {
      metadata: { labels: { touched: 'yes' } },
    });
    clock.shift(graceMs - 2_000);
    expect(watcher.endpoints(reviews)).toEqual(['21200 HEALTHY', '21300 HEALTHY']);
    const sets = watcher.updates.slice(seen).filter((update) => update.type === 'endpoint');
    expect(sets.flatMap((update) => update.removed)).toEqual([]);
    clock.shift(4_000);
    await until(() => watcher.endpoints(reviews).length === 1);
    expect(watcher.endpoints(reviews)).toEqual(['21200 HEALTHY']);
    expect(back.ended.length).toBeGreaterThan(0);
  });

  it('is unhealthy when its proxy says that its application is', async () => {
    const proxy = run('reviews-v1-0', 'reviews', await svidFor('reviews'));
    await setReady('reviews-v1-0');
    await until(() => proxy.endpoints(reviews)[0] === '21000 HEALTHY');
    proxy.report(false);
    await until(() => proxy.endpoints(reviews)[0] === '21000 UNHEALTHY');
  });
});

describe('the state folder', () => {
  it('has its secrets readable by their owner alone', () => {
    for (const file of ['api-token', 'kubeconfig', 'ca/root.key.pem', 'ca/intermediate.key.pem']) {
      expect(statSync(join(stateDir, file)).mode & 0o777).toBe(0o600);
    }
    const kubeconfig = JSON.parse(readFileSync(join(stateDir, 'kubeconfig'), 'utf8'));
    expect(kubeconfig.clusters[0].cluster.server).toBe(plane.api.replace('http:', 'https:'));
  });

  it('serves one control plane: a second one names the port that is taken', async () => {
    const config = {
      mesh: 'test',
      trustDomain: 'mesh.test',
      stateDir: mkdtempSync(join(tmpdir(), 'tulle-second-')),
    };
    const apiPort = Number(new URL(plane.api).port);
    try {
      await expect(
        startControlPlane({ config: { ...config, apiPort }, log: () => {} }),
      ).rejects.toMatchObject({
        code: 'EADDRINUSE',
      });
    } finally {
      rmSync(config.stateDir, { recursive: true, force: true });
    }
  });
});

async function requestWithKey(): Promise<{ csrPem: string; key: string }> {
  const { newKeyPem, signingKeys } = await import('./identity/key-file.ts');
  const { x509 } = await import('./identity/x509.ts');
  const key = newKeyPem();
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({
    keys: await signingKeys(key),
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
  });
  return { csrPem: csr.toString('pem'), key };
}
