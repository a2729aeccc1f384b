import { once } from 'node:events';
import { connect } from 'node:tls';
import type { DownstreamTls } from '@tulle/decision/tables/tls';
import { type TestAuthority, testAuthority } from '@tulle/xds/test-authority.fixture';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { peerCertificate } from '../certificates/peer-certificate.ts';
import { identityOf } from '../certificates/spiffe.ts';
import { TlsClient } from './client.ts';
import {
  call,
  closeServers,
  productpage,
  reviews,
  rootsOf,
  type Secrets,
  secretsOf,
  serve,
  strict,
  type TlsServer,
  upstream,
} from './harness.fixture.ts';

let mesh: TestAuthority;
let other: TestAuthority;
let server: Secrets;
let caller: Secrets;

beforeAll(async () => {
  [mesh, other] = await Promise.all([testAuthority({ name: 'mesh' }), testAuthority({ name: 'other' })]);
  server = await secretsOf(mesh, { uris: [reviews] }, [mesh, other]);
  caller = await secretsOf(mesh, { uris: [productpage] });
});
afterEach(closeServers);

/** Like `server`, with one secret in another's place. */
const but = (name: string, secret: ReturnType<Secrets['get']>): Secrets =>
  new Map([...server, ...(secret === undefined ? [] : [[name, secret] as const])]);

/** How many of these connections were resumed; each must succeed. */
async function resumedOf(running: TlsServer, client: TlsClient, connections: number): Promise<number> {
  const before = running.resumed;
  for (let i = 0; i < connections; i++) expect(await call(running.port, client)).toBe('hello');
  return running.resumed - before;
}

describe('a session', () => {
  test('is resumed by any worker of the proxy, with the client that it was made with', async () => {
    const running = await serve(server, { workers: 3 });
    const client = new TlsClient(caller);
    expect(await resumedOf(running, client, 4)).toBe(3);
    expect(running.peers.map((peer) => peer?.spiffeId)).toEqual(Array(4).fill(productpage));
    expect(running.peers[3]?.certificate).toEqual(running.peers[0]?.certificate);
    expect(client.countersOf(upstream)).toMatchObject({ handshakes: 4, sessionsReused: 3 });
  });

  test('is resumed by a successor that reads the same identity', async () => {
    const running = await serve(server);
    const client = new TlsClient(caller);
    await call(running.port, client);
    running.update(but('default', { ...(server.get('default') as object) } as never));
    expect(await resumedOf(running, client, 1)).toBe(1);
  });

  test('has its server, which shows itself only once', async () => {
    const running = await serve(server);
    const client = new TlsClient(caller);
    await call(running.port, client);
    const { connect: dial } = await import('node:net');
    const socket = dial(running.port, '127.0.0.1');
    await once(socket, 'connect');
    const named = await new Promise<string | undefined>((resolve, reject) => {
      client.start(socket, upstream, {
        onFailed: (detail) => reject(new Error(detail)),
        onSecure: (secured) => {
          expect(secured.isSessionReused()).toBe(true);
          const certificate = peerCertificate(secured);
          resolve(certificate && identityOf(certificate).spiffeId);
          secured.destroy();
        },
      });
    });
    expect(named).toBe(reviews);
  });

  test('of TLS 1.2 is resumed as well', async () => {
    const versions = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
    const running = await serve(server, { tls: { ...strict, ...versions } });
    const client = new TlsClient(caller);
    const tls = { ...upstream, ...versions };
    for (let i = 0; i < 3; i++) expect(await call(running.port, client, tls)).toBe('hello');
    expect(running.resumed).toBe(2);
    expect(running.peers[2]?.spiffeId).toBe(productpage);
  });
});

describe('no session is resumed', () => {
  test.each<[string, () => Promise<Secrets>]>([
    ['a root has left the bundle', async () => but('ROOTCA', rootsOf(mesh))],
    ['a root has come', async () => but('ROOTCA', rootsOf(mesh, other, await testAuthority()))],
    ['the server has a new identity', async () => secretsOf(mesh, { uris: [reviews] }, [mesh, other])],
  ])('once %s', async (_, change) => {
    const running = await serve(server, { workers: 2 });
    const client = new TlsClient(caller);
    expect(await resumedOf(running, client, 2)).toBe(1);
    running.update(await change());
    expect(await resumedOf(running, client, 1)).toBe(0);
    expect(await resumedOf(running, client, 1)).toBe(1);
  });

  test('by a client that shows a new identity, or believes other roots', async () => {
    const own = new Map(caller);
    const running = await serve(server);
    const client = new TlsClient(own);
    expect(await resumedOf(running, client, 2)).toBe(1);
    own.set('default', (await secretsOf(mesh, { uris: [productpage] })).get('default') as never);
    expect(await resumedOf(running, client, 1)).toBe(0);
    own.set('ROOTCA', rootsOf(mesh, other));
    expect(await resumedOf(running, client, 1)).toBe(0);
  });

  test('at another proxy of the same account', async () => {
    const [one, two] = [await serve(server), await serve(await secretsOf(mesh, { uris: [reviews] }))];
    const ticket = await ticketOf(one.port, caller);
    expect(await offer(two.port, caller, ticket)).toBe('hello, anew');
  });

  test('where nothing or something else is asked of the client', async () => {
    const optional: DownstreamTls = { ...strict, requireClientCertificate: false };
    const lax = await serve(server, { tls: optional });
    const running = await serve(server);
    const bare = new Map([['ROOTCA', caller.get('ROOTCA') as never]]);
    const ticket = await ticketOf(lax.port, bare);
    expect(await offer(lax.port, bare, ticket)).toBe('hello, resumed');
    expect(await offer(running.port, bare, ticket)).toBe('');
  });

  test('of a client whose certificate was not good', async () => {
    const tls: DownstreamTls = { ...strict, requireClientCertificate: false };
    const running = await serve(server, { tls });
    const stranger = await secretsOf(await testAuthority(), { uris: [productpage] }, [mesh]);
    const ticket = await ticketOf(running.port, stranger).catch(() => Buffer.alloc(0));
    expect(await offer(running.port, stranger, ticket)).toBe('');
    expect(running.peers).toEqual([]);
  });

  test.each([
    ['the server', { ...strict, sessionTimeoutMs: 0 }, upstream],
    ['the client', strict, { ...upstream, resumeSessions: false }],
  ])('where %s does not want it', async (_, tls, settings) => {
    const running = await serve(server, { tls });
    const client = new TlsClient(caller);
    for (let i = 0; i < 3; i++) expect(await call(running.port, client, settings)).toBe('hello');
    expect(running.resumed).toBe(0);
  });

  test('beyond the end of a certificate', async () => {
    let now = Date.now();
    const running = await serve(server, { wallNow: () => now });
    const ticket = await ticketOf(running.port, caller);
    expect(await offer(running.port, caller, ticket)).toBe('hello, resumed');
    now += 2 * 3_600_000;
    expect(await offer(running.port, caller, ticket)).toBe('');
    expect(running.refusals).toEqual(['CERT_HAS_EXPIRED']);
    const client = new TlsClient(caller, { wallNow: () => now });
    await call(running.port, client);
    expect(client.countersOf(upstream).sessionsReused).toBe(0);
  });

  test('of a client whose authority was removed, whatever it keeps', async () => {
    const stranger = await secretsOf(other, { uris: [productpage] }, [mesh]);
    const running = await serve(server);
    const ticket = await ticketOf(running.port, stranger);
    expect(await offer(running.port, stranger, ticket)).toBe('hello, resumed');
    running.update(but('ROOTCA', rootsOf(mesh)));
    expect(await offer(running.port, stranger, ticket)).toBe('');
  });
});

/** Node's own client, which keeps what it likes. */
function dial(port: number, secrets: Secrets, session?: Buffer) {
  const own = secrets.get('default');
  const socket = connect({
    port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    ...(own?.kind === 'certificate' ? { cert: own.chainPem, key: own.keyPem } : {}),
    ...(session === undefined ? {} : { session }),
  });
  socket.on('error', () => {});
  return socket;
}

async function ticketOf(port: number, secrets: Secrets): Promise<Buffer> {
  const socket = dial(port, secrets);
  const [ticket] = (await Promise.race([
    once(socket, 'session'),
    once(socket, 'close').then(() => Promise.reject(new Error('no session'))),
  ])) as [Buffer];
  socket.destroy();
  return ticket;
}

/** What the server says to a client that offers a session. */
async function offer(port: number, secrets: Secrets, session: Buffer): Promise<string> {
  const socket = dial(port, secrets, session);
  let said = '';
  socket.once('data', (chunk) => {
    said = `${chunk}, ${socket.isSessionReused() ? 'resumed' : 'anew'}`;
    socket.destroy();
  });
  await new Promise((resolve) => socket.once('close', resolve));
  return said;
}
