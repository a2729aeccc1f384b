import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { ManualClock } from '@tulle/xds/manual-clock.fixture';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HandshakeGate } from './gate.ts';

const limits = {
  maxShaking: 2,
  maxWaiting: 4,
  maxSilentMs: 10_000,
  patienceMs: 250,
  maxSlow: 2,
  maxHandshakeMs: 5_000,
};
/** The head of a TLS record with a handshake. */
const hello = Buffer.from([0x16, 3, 1, 0, 100]);

let clock: ManualClock;
let gate: HandshakeGate;
let server: Server;
/** Server's ends whose turn it was, and what was read of them by then. */
let begun: { socket: Socket; said: Buffer }[];
let clients: Socket[];

beforeEach(async () => {
  clock = new ManualClock();
  gate = new HandshakeGate(clock, limits);
  begun = [];
  clients = [];
  server = createServer((socket) =>
    gate.enter(socket, () => begun.push({ socket, said: socket.read() ?? Buffer.alloc(0) })),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(() => {
  gate.close();
  for (const client of clients) client.destroy();
  server.close();
});

async function dial(says?: Buffer): Promise<Socket> {
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  clients.push(client);
  await once(client, 'connect');
  if (says !== undefined) client.write(says);
  return client;
}

const sizes = (silent: number, waiting: number, shaking: number): Promise<void> =>
  expect.poll(() => gate.sizes).toEqual({ silent, waiting, shaking });
/** Also by a reset. */
const closed = (client: Socket): Promise<unknown> =>
  new Promise((resolve) =>
    client
      .on('error', () => {})
      .resume()
      .once('close', resolve),
  );
/** The ports of those whose turn it was, in order. */
const turns = (): (number | undefined)[] => begun.map(({ socket }) => socket.remotePort);

test('so many shake hands as may, the rest wait in the order in which they spoke, with what they have said', async () => {
  const all: Socket[] = [];
  for (let at = 0; at < 5; at++) {
    all.push(await dial(Buffer.concat([hello, Buffer.from([at])])));
    await sizes(0, Math.max(0, at - 1), Math.min(at + 1, 2));
  }
  for (let at = 0; at < 5; at++) gate.shaken(begun[at]?.socket as Socket);
  expect(turns()).toEqual(all.map(({ localPort }) => localPort));
  expect(begun.map(({ said }) => said[5])).toEqual([0, 1, 2, 3, 4]);
  expect(gate.sizes).toEqual({ silent: 0, waiting: 0, shaking: 0 });
  expect(gate.letIn).toBe(5);
  // They are not the gate's any more.
  clock.advance(60_000);
  gate.close();
  expect(begun.some(({ socket }) => socket.destroyed)).toBe(false);
  for (const { socket } of begun) socket.destroy();
});

test('who says nothing has no place, and is closed in the end', async () => {
  const silent = [await dial(), await dial(), await dial()];
  await sizes(3, 0, 0);
  await dial(hello);
  await sizes(3, 0, 1);
  const ends = silent.map(closed);
  clock.advance(limits.maxSilentMs);
  await Promise.all(ends);
  expect(gate.refused.silent).toBe(3);
});

test('who does not go on leaves its place to the next, and may still get in until it is closed', async () => {
  const slow = [await dial(hello), await dial(hello)];
  await sizes(0, 0, 2);
  await dial(hello);
  await sizes(0, 1, 2);
  clock.advance(limits.patienceMs - 1);
  expect(gate.sizes.waiting).toBe(1);
  clock.advance(1);
  expect(gate.sizes).toEqual({ silent: 0, waiting: 0, shaking: 3 });
  gate.shaken(begun[0]?.socket as Socket);
  expect(gate.letIn).toBe(1);
  const end = closed(slow[1] as Socket);
  clock.advance(limits.maxHandshakeMs - limits.patienceMs - 1);
  expect(gate.refused['too-slow']).toBe(0);
  clock.advance(1);
  await end;
  expect(gate.refused['too-slow']).toBe(1);
  begun[0]?.socket.destroy();
});

test('only so many are slow at a time: the slowest is closed for the next', async () => {
  const first = await dial(hello);
  const end = closed(first);
  for (let at = 0; at < 3; at++) {
    if (at > 0) await dial(hello);
    await expect.poll(() => begun.length).toBe(at + 1);
    clock.advance(limits.patienceMs);
  }
  await end;
  expect(gate.refused['too-slow']).toBe(1);
  expect(gate.sizes.shaking).toBe(2);
});

test('when there are too many the one that has been silent longest is closed; if none is, who comes', async () => {
  const silent = [await dial(), await dial()];
  await sizes(2, 0, 0);
  for (let at = 0; at < 4; at++) await dial(hello);
  await sizes(2, 2, 2);
  const ends = silent.map(closed);
  await dial(hello);
  await dial(hello);
  await Promise.all(ends);
  await sizes(0, 4, 2);
  await closed(await dial(hello));
  expect(gate.refused['too-many']).toBe(3);
  expect(gate.sizes).toEqual({ silent: 0, waiting: 4, shaking: 2 });
});

test('who leaves while it waits costs no handshake, and frees its place while it shakes hands', async () => {
  const all = [await dial(hello), await dial(hello)];
  await sizes(0, 0, 2);
  const waiting = await dial(hello);
  await sizes(0, 1, 2);
  waiting.destroy();
  await sizes(0, 0, 2);
  const next = await dial(hello);
  await sizes(0, 1, 2);
  all[0]?.destroy();
  // Sockets in TLS are read by TLS.
  begun[0]?.socket.resume();
  await sizes(0, 0, 2);
  expect(turns().at(-1)).toBe(next.localPort);
  expect(begun).toHaveLength(3);
});

test('who does not speak TLS, or says far too much, is closed', async () => {
  await closed(await dial(Buffer.from('GET / HTTP/1.1\r\n\r\n')));
  expect(begun).toEqual([]);
  await dial(hello);
  await dial(hello);
  await sizes(0, 0, 2);
  await closed(await dial(Buffer.concat([hello, Buffer.alloc(64 * 1024)])));
  expect(gate.refused['no-tls']).toBe(2);
});

test('when it closes, all close that have not been let in, and nobody gets in any more', async () => {
  for (let at = 0; at < 3; at++) await dial(hello);
  await sizes(0, 1, 2);
  await dial();
  await sizes(1, 1, 2);
  const ends = clients.map(closed);
  gate.close();
  for (const { socket } of begun) socket.resume();
  await Promise.all(ends);
  await expect.poll(() => gate.sizes).toEqual({ silent: 0, waiting: 0, shaking: 0 });
  await closed(await dial(hello));
  expect(clock.pending).toBe(0);
});

test('work that can wait goes on when nobody comes in, or has its quarter of the time', async () => {
  const ran: string[] = [];
  gate.pause(20, () => ran.push('at once'));
  clock.advance(0);
  expect(ran).toEqual(['at once']);

  await dial(hello);
  await sizes(0, 0, 1);
  gate.pause(20, () => ran.push('a quarter'));
  clock.advance(59);
  expect(ran).toHaveLength(1);
  clock.advance(1);
  expect(ran).toEqual(['at once', 'a quarter']);

  gate.pause(20, () => ran.push('calm'));
  const cancelled = gate.pause(20, () => ran.push('cancelled'));
  cancelled.cancel();
  gate.shaken(begun[0]?.socket as Socket);
  await expect.poll(() => ran).toEqual(['at once', 'a quarter', 'calm']);
  expect(clock.pending).toBe(0);
  begun[0]?.socket.destroy();
});

test('who says nothing does not make work wait', async () => {
  await dial();
  await sizes(1, 0, 0);
  let ran = 0;
  gate.pause(20, () => ran++);
  const after = (): number => {
    clock.advance(0);
    return ran;
  };
  await expect.poll(after).toBe(1);
});
