import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type LeafRequest, type TestAuthority, testAuthority } from '@tulle/xds/test-authority.fixture';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { closed } from '../../testing/closed.ts';
import { TlsClient } from './client.ts';
import type { TlsRefusal } from './counters.ts';
import {
  call,
  closeServers,
  productpage,
  reviews,
  rootsOf,
  type Secrets,
  secretsOf,
  serve,
  upstream,
} from './harness.fixture.ts';

let mesh: TestAuthority;
let other: TestAuthority;
beforeAll(async () => {
  [mesh, other] = await Promise.all([testAuthority({ name: 'mesh' }), testAuthority({ name: 'other' })]);
});
afterEach(closeServers);

/** An identity of an authority, in a mesh that believes `mesh`. */
const secrets = (authority: TestAuthority, leaf: LeafRequest): Promise<Secrets> =>
  secretsOf(authority, leaf, [mesh]);

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

test('two sidecars of a mesh know each other', async () => {
  const server = await serve(await secrets(mesh, { uris: [reviews] }));
  expect(await call(server.port, new TlsClient(await secrets(mesh, { uris: [productpage] })))).toBe('hello');
  expect(server.peers[0]?.spiffeId).toBe(productpage);
  expect(server.peers[0]?.trustDomain).toBe('mesh.test');
  expect(server.refusals).toEqual([]);
  expect(server.terminator.handshaking).toBe(0);
});

test.each<[string, LeafRequest | undefined, RegExp, TlsRefusal]>([
  [
    'an untrusted certificate',
    { uris: [productpage], notAfter: Date.now() - 1_000 },
    /CERT_HAS_EXPIRED/,
    'verify-error',
  ],
  ['a certificate of nobody', { dnsNames: ['productpage'] }, /not accepted/, 'verify-name'],
  ['no certificate', undefined, /peer did not return a certificate/, 'no-certificate'],
])('a client with %s is counted by the reason', async (_name, leaf, reason, refusal) => {
  const server = await serve(await secrets(mesh, { uris: [reviews] }));
  const { certificateSecret: _none, ...bare } = upstream;
  const client = new TlsClient(await secrets(mesh, leaf ?? {}));
  expect(await call(server.port, client, leaf === undefined ? bare : upstream)).not.toBe('hello');
  await until(() => server.refusals.length > 0);
  expect(server.refusals).toEqual([expect.stringMatching(reason)]);
  expect(server.peers).toEqual([]);
  expect(server.terminator.counters).toMatchObject({ handshakes: 0, refused: { [refusal]: 1 } });
});

test('plain text to a TLS chain, and a client that only opens, end in time and are counted', async () => {
  const server = await serve(await secrets(mesh, { uris: [reviews] }), { handshakeTimeoutMs: 30 });
  const plain = connectTcp(server.port, '127.0.0.1');
  plain.write('GET / HTTP/1.1\r\nHost: reviews\r\n\r\n');
  let answer = '';
  plain.on('data', (chunk) => {
    answer += String(chunk);
  });
  await closed(plain);
  expect(answer).not.toContain('HTTP');
  const slow = connectTcp(server.port, '127.0.0.1');
  // A record that announces more than ever comes.
  slow.write(Buffer.from([22, 3, 1, 2, 0, 2]));
  slow.resume();
  await closed(slow);
  await until(() => server.refusals.length === 2);
  expect(server.refusals[1]).toBe('handshake timeout');
});

test('a server that is not who it should be is counted by the reason', async () => {
  const client = new TlsClient(await secrets(mesh, { uris: [productpage] }));
  const server = await serve(await secrets(mesh, { uris: [productpage] }));
  expect(await call(server.port, client)).toMatch(/not accepted here/);
  const stranger = await serve(await secrets(other, { uris: [reviews] }));
  expect(await call(stranger.port, client)).toMatch(/TLS: UNABLE_TO/);
  expect(client.countersOf(upstream).refused).toMatchObject({ 'verify-name': 1, 'verify-error': 1 });
});

test('a missing secret fails the connection, with its name', async () => {
  const server = await serve(await secrets(mesh, { uris: [reviews] }));
  expect(await call(server.port, new TlsClient(new Map()))).toBe('the secret default is not available');
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
  server.update(await secrets(mesh, { uris: [reviews] }));
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
  source.set('ROOTCA', rootsOf(mesh, other));
  const server = await serve(source);
  expect(await call(server.port, new TlsClient(await secrets(other, { uris: [productpage] })))).toBe('hello');
  expect(await call(server.port, new TlsClient(await secrets(mesh, { uris: [productpage] })))).toBe('hello');
  server.update(await secrets(mesh, { uris: [reviews] }));
  expect(await call(server.port, new TlsClient(await secrets(other, { uris: [productpage] })))).not.toBe(
    'hello',
  );
});
