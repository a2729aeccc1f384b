import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { DownstreamTls, SecretTable, UpstreamTls } from '@tulle/decision/tables';
import { type LeafRequest, type TestAuthority, testAuthority } from '@tulle/xds/test-authority.fixture';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { TimerWheel } from '../timers/wheel.ts';
import { inspect } from './inspect.ts';
import { BoundListener } from './listener.ts';
import type { PeerIdentity } from './spiffe.ts';
import { TlsClient } from './tls-client.ts';
import { TlsTerminator } from './tls-server.ts';

const reviews = 'spiffe://mesh.test/ns/default/sa/reviews';
const productpage = 'spiffe://mesh.test/ns/default/sa/productpage';
const tls13 = {
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  cipherSuites: [],
  ecdhCurves: [],
  alpn: ['istio', 'http/1.1'],
} as const;
const inMesh = (name: string): boolean => name.startsWith('spiffe://mesh.test/');

const strict: DownstreamTls = {
  ...tls13,
  requireClientCertificate: true,
  certificateSecrets: ['default'],
  sessionTimeoutMs: 3_600_000,
  validation: { rootsSecret: 'ROOTCA', subjectAltNames: [inMesh] },
};
const upstream: UpstreamTls = {
  ...tls13,
  sni: 'outbound_.9080_._.reviews.default.svc.cluster.local',
  resumeSessions: true,
  certificateSecret: 'default',
  validation: { rootsSecret: 'ROOTCA', subjectAltNames: [(name) => name === reviews] },
};

let mesh: TestAuthority;
let other: TestAuthority;
const timers = new TimerWheel({ tickMs: 5 });
const open: BoundListener[] = [];

beforeAll(async () => {
  [mesh, other] = await Promise.all([testAuthority({ name: 'mesh' }), testAuthority({ name: 'other' })]);
});

afterEach(async () => {
  for (const listener of open.splice(0)) {
    const closed = listener.close();
    listener.destroyConnections();
    await closed;
  }
});

async function secrets(authority: TestAuthority, leaf: LeafRequest): Promise<Map<string, SecretTable>> {
  return new Map<string, SecretTable>([
    ['default', { kind: 'certificate', ...(await authority.issue(leaf)) }],
    ['ROOTCA', roots(mesh)],
  ]);
}

const roots = (...authorities: TestAuthority[]): SecretTable => ({
  kind: 'roots',
  pem: authorities.map(({ rootPem }) => rootPem).join('\n'),
});

interface Server {
  readonly port: number;
  readonly peers: (PeerIdentity | undefined)[];
  readonly refusals: string[];
  readonly terminator: TlsTerminator;
}

/** Says `hello` over TLS and echoes what comes. */
async function serve(
  source: Map<string, SecretTable>,
  handshakeTimeoutMs = 5_000,
  tls = strict,
): Promise<Server> {
  const peers: (PeerIdentity | undefined)[] = [];
  const refusals: string[] = [];
  const terminator = new TlsTerminator(
    {
      tls,
      timers,
      handshakeTimeoutMs,
      onSecure: (socket, peer) => {
        peers.push(peer);
        socket.on('error', () => {});
        socket.write('hello');
        socket.pipe(socket);
      },
      onRefused: (reason) => refusals.push(reason),
    },
    source,
  );
  const listener = await BoundListener.bind({
    address: '127.0.0.1',
    port: 0,
    onConnection: (socket) => {
      inspect(socket, { tls: true, http: true, timeoutMs: 0, timers }, (outcome) => {
        if (outcome === 'gone' || outcome === 'timeout') return;
        terminator.accept(socket);
      });
    },
  });
  open.push(listener);
  return { port: listener.port, peers, refusals, terminator };
}

/** The first bytes from the server, or why there are none. */
function call(port: number, source: Map<string, SecretTable>, tls = upstream): Promise<string> {
  return new Promise((resolve) => {
    const socket = connectTcp(port, '127.0.0.1');
    socket.once('connect', () => {
      new TlsClient(source).start(socket, tls, {
        onFailed: resolve,
        onSecure: (secured) => {
          secured.once('data', (chunk) => {
            resolve(String(chunk));
            secured.destroy();
          });
          // In TLS 1.3 a client believes itself done before the server has looked at its certificate.
          secured.on('error', (error) => resolve(error.message));
          secured.once('close', () => resolve('closed'));
        },
      });
    });
  });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

test('two sidecars of a mesh know each other', async () => {
  const server = await serve(await secrets(mesh, { uris: [reviews] }));
  expect(await call(server.port, await secrets(mesh, { uris: [productpage] }))).toBe('hello');
  expect(server.peers[0]?.spiffeId).toBe(productpage);
  expect(server.peers[0]?.trustDomain).toBe('mesh.test');
  expect(server.refusals).toEqual([]);
  expect(server.terminator.handshaking).toBe(0);
});

const past = { notBefore: Date.now() - 20_000, notAfter: Date.now() - 10_000 };
const future = { notBefore: Date.now() + 3_600_000, notAfter: Date.now() + 7_200_000 };
const strangers: [name: string, leaf: LeafRequest, reason: RegExp][] = [
  ['an expired certificate', { uris: [productpage], ...past }, /CERT_HAS_EXPIRED/],
  ['a certificate of tomorrow', { uris: [productpage], ...future }, /CERT_NOT_YET_VALID/],
  [
    'another trust domain under our root',
    { uris: ['spiffe://else.test/ns/default/sa/productpage'] },
    /not accepted/,
  ],
  ['two URI names', { uris: [productpage, reviews] }, /more than one URI/],
  ['a SPIFFE name beside another URI', { uris: ['https://x.test/', productpage] }, /more than one URI/],
  ['no SPIFFE name', { dnsNames: ['productpage'] }, /not accepted/],
  ['a SPIFFE name with a query', { uris: [`${productpage}?x=1`] }, /not a SPIFFE ID/],
  ['a SPIFFE name with dots', { uris: ['spiffe://mesh.test/ns/../sa/productpage'] }, /not a SPIFFE ID/],
  ['a name that imitates two', { uris: [`${productpage},URI:${reviews}`] }, /not a SPIFFE ID/],
];

test.each(strangers)('a client with %s is refused and counted', async (_name, leaf, reason) => {
  const server = await serve(await secrets(mesh, { uris: [reviews] }));
  expect(await call(server.port, await secrets(mesh, leaf))).not.toBe('hello');
  await until(() => server.refusals.length > 0);
  expect(server.refusals).toEqual([expect.stringMatching(reason)]);
  expect(server.peers).toEqual([]);
  expect(
    server.terminator.counters.refused['verify-error'] + server.terminator.counters.refused['verify-name'],
  ).toBe(1);
});

test('a client with a certificate of another authority, self-made, or none is refused', async () => {
  const server = await serve(await secrets(mesh, { uris: [reviews] }));
  expect(await call(server.port, await secrets(other, { uris: [productpage] }))).not.toBe('hello');
  const { certificateSecret: _none, ...bare } = upstream;
  expect(await call(server.port, await secrets(mesh, { uris: [productpage] }), bare)).not.toBe('hello');
  await until(() => server.refusals.length === 2);
  expect(server.refusals[0]).toMatch(/UNABLE_TO_/);
  expect(server.refusals[1]).toMatch(/peer did not return a certificate/);
  expect(server.peers).toEqual([]);
});

test('plain text to a TLS chain, and a client that only opens, end in time and are counted', async () => {
  const server = await serve(await secrets(mesh, { uris: [reviews] }), 30);
  const plain = connectTcp(server.port, '127.0.0.1');
  plain.on('error', () => {});
  plain.write('GET / HTTP/1.1\r\nHost: reviews\r\n\r\n');
  let answer = '';
  plain.on('data', (chunk) => {
    answer += String(chunk);
  });
  await once(plain, 'close');
  expect(answer).not.toContain('HTTP');
  const slow = connectTcp(server.port, '127.0.0.1');
  slow.on('error', () => {});
  // A record that announces more than ever comes.
  slow.write(Buffer.from([22, 3, 1, 2, 0, 2]));
  slow.resume();
  await once(slow, 'close');
  await until(() => server.refusals.length === 2);
  expect(server.refusals[1]).toBe('handshake timeout');
});

test('a server that is not who it should be is refused by the client', async () => {
  const own = await secrets(mesh, { uris: [productpage] });
  const impostors: [Map<string, SecretTable>, RegExp][] = [
    [await secrets(mesh, { uris: [productpage] }), /not accepted here/],
    [await secrets(other, { uris: [reviews] }), /TLS: UNABLE_TO/],
    [await secrets(mesh, { uris: [reviews], ...past }), /CERT_HAS_EXPIRED/],
  ];
  for (const [source, reason] of impostors) {
    const server = await serve(source);
    expect(await call(server.port, own)).toMatch(reason);
  }
});

test('a missing secret fails the connection, with its name', async () => {
  const server = await serve(await secrets(mesh, { uris: [reviews] }));
  expect(await call(server.port, new Map())).toBe('the secret default is not available');
});

test('rotation: open connections live on, new ones see the new certificate', async () => {
  const first = await secrets(mesh, { uris: [reviews] });
  const server = await serve(first);
  const own = await secrets(mesh, { uris: [productpage] });
  const kept = connectTls({
    port: server.port,
    host: '127.0.0.1',
    minVersion: 'TLSv1.3',
    rejectUnauthorized: false,
    cert: (own.get('default') as { chainPem: string }).chainPem,
    key: (own.get('default') as { keyPem: string }).keyPem,
  });
  expect(String((await once(kept, 'data'))[0])).toBe('hello');
  const before = kept.getPeerX509Certificate()?.fingerprint256;
  server.terminator.update(await secrets(mesh, { uris: [reviews] }));
  kept.write('still here');
  expect(String((await once(kept, 'data'))[0])).toBe('still here');
  kept.destroy();
  expect(before).toBeDefined();
  let seen: string | undefined;
  const socket: Socket = connectTcp(server.port, '127.0.0.1');
  await once(socket, 'connect');
  await new Promise<void>((resolve, reject) => {
    new TlsClient(own).start(socket, upstream, {
      onFailed: (detail) => reject(new Error(detail)),
      onSecure: (secured) => {
        seen = secured.getPeerX509Certificate()?.fingerprint256;
        secured.destroy();
        resolve();
      },
    });
  });
  expect(seen).not.toBe(before);
});

test('roots of two authorities are both believed while trust moves from one to the other', async () => {
  const source = await secrets(mesh, { uris: [reviews] });
  source.set('ROOTCA', roots(mesh, other));
  const server = await serve(source);
  expect(await call(server.port, await secrets(other, { uris: [productpage] }))).toBe('hello');
  expect(await call(server.port, await secrets(mesh, { uris: [productpage] }))).toBe('hello');
  server.terminator.update(await secrets(mesh, { uris: [reviews] }));
  expect(await call(server.port, await secrets(other, { uris: [productpage] }))).not.toBe('hello');
});

test('a gateway shows the certificate that covers the name that was asked for', async () => {
  const source = new Map<string, SecretTable>([
    ['one', { kind: 'certificate', ...(await mesh.issue({ dnsNames: ['one.test'] })) }],
    ['two', { kind: 'certificate', ...(await mesh.issue({ dnsNames: ['*.two.test'] })) }],
    ['ROOTCA', roots(mesh)],
  ]);
  const simple: DownstreamTls = {
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    cipherSuites: [],
    ecdhCurves: [],
    sessionTimeoutMs: 3_600_000,
    alpn: ['http/1.1'],
    requireClientCertificate: false,
    certificateSecrets: ['one', 'two'],
  };
  const server = await serve(source, 5_000, simple);
  for (const [sni, name] of [
    ['one.test', 'one.test'],
    ['a.two.test', '*.two.test'],
    ['unknown.test', 'one.test'],
  ]) {
    const validation = { rootsSecret: 'ROOTCA', subjectAltNames: [(san: string) => san === name] };
    expect(
      await call(server.port, source, { ...tls13, sni: sni as string, resumeSessions: true, validation }),
    ).toBe('hello');
  }
  expect(server.peers).toEqual([undefined, undefined, undefined]);
});
