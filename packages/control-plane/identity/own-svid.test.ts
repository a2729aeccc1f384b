import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import http2 from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { Server } from '@grpc/grpc-js';
import { systemClock } from '@tulle/xds/clock';
import { ManualClock } from '@tulle/xds/manual-clock.fixture';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GrpcDoor } from '../handshakes/door.ts';
import { HandshakeGate } from '../handshakes/gate.ts';
import { type Authority, openAuthority, svidLifetimeMs } from './authority.ts';
import { type OwnSvid, type ServerMaterial, startOwnSvid } from './own-svid.ts';

let dir: string;
let clock: ManualClock;
let authority: Authority;
let own: OwnSvid;
let server: Server;
let port: number;
let gate: HandshakeGate;
let door: GrpcDoor;
let rotated: ServerMaterial[];
const onError = vi.fn();

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tulle-own-'));
  // TLS compares with the machine's time.
  clock = new ManualClock(Math.floor(Date.now() / 1000) * 1000 - svidLifetimeMs / 2 - 1000);
  authority = await openAuthority(dir, { trustDomain: 'mesh.test', clock });
  rotated = [];
  own = await startOwnSvid({
    authority,
    clock,
    onError,
    onRotate(material) {
      rotated.push(material);
      door.rotate(material);
    },
  });
  server = new Server();
  gate = new HandshakeGate(systemClock);
  door = new GrpcDoor(server, gate, { mutual: false, material: own.current(), clock });
  port = await door.listen(0, '127.0.0.1');
});

afterEach(() => {
  own.close();
  door.close();
  gate.close();
  server.forceShutdown();
  rmSync(dir, { recursive: true, force: true });
});

/** The chain that the server shows, verified against the mesh's roots. */
async function shown(): Promise<X509Certificate> {
  const socket = dial();
  await once(socket, 'secureConnect');
  const { raw } = socket.getPeerCertificate();
  socket.destroy();
  return new X509Certificate(raw);
}

function dial(): TLSSocket {
  const options = { host: '127.0.0.1', port, ca: authority.roots, ALPNProtocols: ['h2'] };
  return connect({ ...options, checkServerIdentity: () => undefined });
}

describe("the control plane's own SVID", () => {
  it('is replaced at half life with a new key; open connections stay, new ones see it', async () => {
    const first = own.current();
    const before = await shown();
    expect(before.subjectAltName).toBe('URI:spiffe://mesh.test/ns/tulle-system/sa/control-plane');
    const session = http2.connect(`https://127.0.0.1:${port}`, { createConnection: dial });
    await once(session, 'connect');

    clock.advance(svidLifetimeMs / 2 - 1);
    expect(rotated).toEqual([]);
    clock.advance(1);
    await expect.poll(() => rotated.length).toBe(1);
    expect(own.current().keyPem).not.toBe(first.keyPem);
    expect((await shown()).serialNumber).not.toBe(before.serialNumber);
    expect(session.closed || session.destroyed).toBe(false);
    await new Promise((resolve) => session.ping(resolve));
    session.destroy();
  });

  it('is tried again when it could not be renewed, and not after close', async () => {
    const issue = vi.spyOn(authority, 'issue').mockRejectedValueOnce(new Error('disk full'));
    clock.advance(svidLifetimeMs / 2);
    await expect.poll(() => onError.mock.calls.length).toBe(1);
    clock.advance(60_000);
    await expect.poll(() => rotated.length).toBe(1);
    own.close();
    expect(clock.pending).toBe(0);
    issue.mockRestore();
  });

  it('is not shown over anything older than TLS 1.3', async () => {
    const socket = connect({ host: '127.0.0.1', port, ca: authority.roots, maxVersion: 'TLSv1.2' });
    const [error] = await once(socket, 'error');
    expect((error as Error).message).toMatch(/protocol version|alert/);
  });
});
