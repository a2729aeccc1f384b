import { once } from 'node:events';
import http2 from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { Server } from '@grpc/grpc-js';
import { type Pause, pauseOf } from '@tulle/xds/clock';
import { ManualClock } from '@tulle/xds/manual-clock.fixture';
import { type TestAuthority, type TestLeaf, testAuthority } from '@tulle/xds/test-authority.fixture';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { GrpcDoor } from './door.ts';
import { HandshakeGate } from './gate.ts';

const count = 100;

let authority: TestAuthority;
let clock: ManualClock;
let own: TestLeaf;
let svid: TestLeaf;
let grpc: Server;
let gate: HandshakeGate;
let door: GrpcDoor;
let port: number;
let sockets: Socket[];

beforeAll(async () => {
  authority = await testAuthority();
  own = await authority.issue({ uris: ['spiffe://mesh.test/ns/tulle-system/sa/control-plane'] });
  svid = await authority.issue({ uris: ['spiffe://mesh.test/ns/default/sa/default'] });
});

beforeEach(async () => {
  sockets = [];
  clock = new ManualClock();
  grpc = new Server();
  gate = new HandshakeGate(clock);
  const material = { keyPem: own.keyPem, chainPem: own.chainPem, rootsPem: authority.rootPem };
  door = new GrpcDoor(grpc, gate, { mutual: true, material, clock });
  port = await door.listen(0, '127.0.0.1');
});

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  door.close();
  gate.close();
  grpc.forceShutdown();
});

function dial(leaf: TestLeaf = svid): TLSSocket {
  const { keyPem: key, chainPem: cert } = leaf;
  const options = { host: '127.0.0.1', port, key, cert, ca: authority.rootPem, ALPNProtocols: ['h2'] };
  const socket = connect({ ...options, checkServerIdentity: () => undefined });
  sockets.push(socket);
  return socket;
}

/** The server's SETTINGS have come: it has seen the certificate. */
const letIn = (socket: TLSSocket): Promise<unknown> => once(socket, 'data');

/**
 * Slices of 20 ms of work that end when all are in, and how many there were. A turn of the event loop that brings somebody
 * further takes a millisecond, on any machine.
 */
async function slicesUntilAllAreIn(pause: Pause): Promise<number> {
  let steps = 0;
  let inside = 0;
  for (let at = 0; at < count; at++) {
    const socket = dial();
    for (const event of ['connect', 'secureConnect']) socket.once(event, () => steps++);
    void letIn(socket).then(() => inside++);
  }
  let slices = 0;
  const work = (): void => {
    slices++;
    clock.spend(20);
    timer = pause(20, work);
  };
  let timer = pause(0, work);
  for (let before = ''; inside < count; ) {
    const state = JSON.stringify([steps, inside, gate.letIn, gate.sizes]);
    clock.advance(state === before ? 0 : 1);
    before = state;
    await new Promise((resolve) => setImmediate(resolve));
  }
  timer.cancel();
  return slices;
}

test('proxies that come all at once get in between slices of work, which has a quarter of the time', async () => {
  // One accepted connection a slice would be 100 of them.
  expect(await slicesUntilAllAreIn(gate.pause)).toBeLessThan(count / 2);
  expect(gate.letIn).toBe(count);
});

test('without that pause they would wait for a slice each', async () => {
  expect(await slicesUntilAllAreIn(pauseOf(clock))).toBeGreaterThan(count * 0.8);
});

test('hundreds that say nothing or stop in the middle hold up nobody', async () => {
  for (let at = 0; at < 200; at++) sockets.push(connectTcp(port, '127.0.0.1'));
  await expect.poll(() => gate.sizes.silent).toBe(200);
  // As many as have a place, and twice as many that wait: begun, never ended.
  for (let at = 0; at < 48; at++)
    sockets.push(
      connectTcp(port, '127.0.0.1', function (this: Socket) {
        this.write(Buffer.from([0x16, 3, 1, 2, 0, 1]));
      }),
    );
  await expect.poll(() => gate.sizes.waiting + gate.sizes.shaking).toBe(48);
  const inside = letIn(dial());
  // Three times the patience, far from a proxy's deadline of 20 s.
  for (let times = 0; times < 3; times++) clock.advance(250);
  await inside;
  expect(gate.letIn).toBe(1);
});

test('a certificate of nobody we know, or none, is not let in, and leaves nothing behind', async () => {
  const stranger = await (await testAuthority()).issue({
    uris: ['spiffe://mesh.test/ns/default/sa/default'],
  });
  for (const leaf of [stranger, { keyPem: '', chainPem: '' }]) {
    const socket = dial(leaf);
    socket.on('error', () => {});
    await new Promise((resolve) => socket.resume().once('close', resolve));
  }
  await expect.poll(() => gate.sizes).toEqual({ silent: 0, waiting: 0, shaking: 0 });
  expect(gate.letIn).toBe(0);
});

test('a connection that was let in outlives all deadlines of the gate', async () => {
  const session = http2.connect(`https://127.0.0.1:${port}`, { createConnection: () => dial() });
  await once(session, 'remoteSettings');
  clock.advance(60_000);
  await new Promise<void>((resolve, reject) => session.ping((error) => (error ? reject(error) : resolve())));
  session.destroy();
});
