import { once } from 'node:events';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import type { PeerValidation } from '@tulle/decision/tables/tls';
import { type TestAuthority, testAuthority } from '@tulle/xds/test-authority.fixture';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { FileSecrets } from '../../file-secrets.ts';
import { VirtualClock } from '../../timers/virtual-clock.fixture.ts';
import { TimerWheel } from '../../timers/wheel.ts';
import { peerCertificate } from '../certificates/peer-certificate.ts';
import { TlsClient } from './client.ts';
import {
  closeServers,
  productpage,
  reviews,
  rootsOf,
  type Secrets,
  secretsOf,
  serve,
  upstream,
} from './harness.fixture.ts';
import { revoked, TrustedConnections } from './trusted-connections.ts';

let mesh: TestAuthority;
let other: TestAuthority;
let secrets: Secrets;
let trusted: TrustedConnections;
let validation: PeerValidation | undefined;

beforeEach(async () => {
  [mesh, other] = await Promise.all([testAuthority({ name: 'mesh' }), testAuthority({ name: 'other' })]);
  secrets = await secretsOf(mesh, { uris: [productpage] }, [mesh, other]);
  trusted = new TrustedConnections(secrets, new TimerWheel({ tickMs: 5 }), 20);
  validation = upstream.validation;
});
afterEach(closeServers);

/** A connection to a server of `authority`, as its client holds it. */
async function connection(port: number, client: TlsClient): Promise<TLSSocket> {
  const socket = connectTcp(port, '127.0.0.1');
  await once(socket, 'connect');
  return new Promise((resolve, reject) => {
    client.start(socket, upstream, {
      onFailed: (detail) => reject(new Error(detail)),
      onSecure: (secured) => {
        secured.on('error', () => {});
        // A session comes before it.
        secured.once('data', () => resolve(secured));
        trusted.add(secured, peerCertificate(secured) as Buffer, () => validation);
      },
    });
  });
}

const serverOf = async (issuer: TestAuthority) =>
  (await serve(await secretsOf(issuer, { uris: [reviews] }, [mesh]))).port;

test('who serves it may finish, but not for ever', async () => {
  const socket = await connection(await serverOf(other), new TlsClient(secrets));
  const asked = once(socket, revoked);
  const closed = once(socket, 'close');
  secrets.set('ROOTCA', rootsOf(mesh));
  trusted.review();
  await asked;
  expect(socket.destroyed).toBe(false);
  await closed;
  expect(trusted.size).toBe(0);
});

test('a chain is followed through its intermediate', async () => {
  const socket = await connection(await serverOf(await mesh.intermediate()), new TlsClient(secrets));
  secrets.set('ROOTCA', rootsOf(mesh));
  trusted.review();
  expect(trusted.size).toBe(1);
  socket.destroy();
});

test('a resumed connection stays if its leaf is of a root that stays, or seen to be', async () => {
  const client = new TlsClient(secrets);
  const direct = await serverOf(mesh);
  const long = await serverOf(await mesh.intermediate());
  const sockets = [];
  for (const port of [direct, direct, long, long]) sockets.push(await connection(port, client));
  expect(sockets.map((socket) => socket.isSessionReused())).toEqual([false, true, false, true]);
  secrets.set('ROOTCA', rootsOf(mesh));
  trusted.review();
  expect(trusted.revoked).toBe(0);
  // Whose chain nobody has seen under these roots is not given the benefit of the doubt.
  sockets[2]?.destroy();
  await once(sockets[2] as TLSSocket, 'close');
  secrets.set('ROOTCA', rootsOf(mesh, other));
  trusted.review();
  secrets.set('ROOTCA', rootsOf(mesh));
  trusted.review();
  expect(trusted.revoked).toBe(1);
  for (const socket of sockets) socket.destroy();
});

test('nothing said is nothing revoked', async () => {
  const socket = await connection(await serverOf(other), new TlsClient(secrets));
  validation = undefined;
  trusted.review();
  validation = upstream.validation;
  secrets.delete('ROOTCA');
  trusted.review();
  expect(trusted.size).toBe(1);
  socket.destroy();
});

test('roots and lists in files are looked at while connections depend on them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tulle-trust-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'roots.pem');
  const rootsSecret = `file-root:${path}`;
  const files = new FileSecrets();
  writeFileSync(path, mesh.rootPem + other.rootPem);
  const clock = new VirtualClock();
  const wheel = new TimerWheel({ clock });
  trusted = new TrustedConnections(
    { get: (name) => (name === rootsSecret ? files.get(name) : secrets.get(name)) },
    wheel,
  );
  validation = { ...(upstream.validation as PeerValidation), rootsSecret };
  const client = new TlsClient(secrets);
  const stays = await connection(await serverOf(mesh), client);
  const goes = await connection(await serverOf(other), client);
  const asked = once(goes, revoked);
  writeFileSync(path, mesh.rootPem);
  utimesSync(path, 1, 1);
  clock.advance(1_100);
  await asked;
  expect(trusted.size).toBe(1);
  stays.destroy();
  await once(stays, 'close');
  goes.destroy();
  await once(goes, 'close');
  clock.advance(1_100);
  expect(wheel.armed).toBe(0);
});
