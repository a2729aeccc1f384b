import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { DnsTable } from '@tulle/decision/tables/dns';
import { afterEach, expect, test } from 'vitest';
import { closed } from '../testing/closed.ts';
import { VirtualClock } from '../timers/virtual-clock.fixture.ts';
import { TimerWheel } from '../timers/wheel.ts';
import { DnsServer } from './dns-server.ts';
import { Forwarder } from './forwarder.ts';
import { MessageReader, withLength } from './framing.ts';
import { isBad, rcode, readQuestion, writeReply } from './message.ts';
import { query } from './query.fixture.ts';
import { Responder } from './responder.ts';

const table: DnsTable = {
  names: new Map([
    ['reviews.default.svc.cluster.local', { addresses: ['240.240.0.1'], ttlSeconds: 30 }],
    ['dual.test', { addresses: ['240.240.0.2', '2001:db8::2'], ttlSeconds: 30 }],
    ['*.wild.test', { addresses: ['240.240.0.3'], ttlSeconds: 30 }],
  ]),
  forwardTimeoutMs: 2_000,
  maxForwarded: 2,
};

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

interface Started {
  readonly port: number;
  readonly responder: Responder;
  readonly forwarder: Forwarder;
  readonly clock: VirtualClock;
  readonly resolver: Resolver;
}

async function start(upstreamPort: number, servers = ['127.0.0.1'], own = table): Promise<Started> {
  const clock = new VirtualClock();
  const wheel = new TimerWheel({ clock });
  let id = 1000;
  const forwarder = new Forwarder({ wheel, randomId: () => id++, port: upstreamPort });
  const responder = new Responder({
    table: () => own,
    system: () => ({ servers, searchDomains: [] }),
    forwarder,
  });
  const server = await DnsServer.bind('127.0.0.1', 0, responder, wheel);
  const resolver = new Resolver({ timeout: 30_000, tries: 1 });
  resolver.setServers([`127.0.0.1:${server.port}`]);
  closers.push(() => {
    resolver.cancel();
    server.close();
    forwarder.close();
  });
  return { port: server.port, responder, forwarder, clock, resolver };
}

/** A server elsewhere, over UDP; `respond` gets the question and what sends an answer. */
async function upstream(
  respond: (message: Buffer, send: (response: Buffer) => void) => void,
): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  socket.on('message', (message, client) => {
    respond(message, (response) => socket.send(response, client.port, client.address));
  });
  await once(socket, 'listening');
  closers.push(() => socket.close());
  return socket.address().port;
}

function replyTo(message: Buffer, code: 0 | 3 = rcode.ok, address = Buffer.from([192, 0, 2, 1])): Buffer {
  const question = readQuestion(message);
  if (isBad(question)) throw new Error('bad question');
  return writeReply(question, { code, addresses: code === rcode.ok ? [address] : [], ttlSeconds: 60 }, 512);
}

test('a resolver gets addresses, NODATA, and NXDOMAIN where nothing is forwarded', async () => {
  const { resolver } = await start(0, [], { ...table, maxForwarded: 0 });
  const answers = await resolver.resolve4('reviews.default.svc.cluster.local', { ttl: true });
  expect(answers).toEqual([{ address: '240.240.0.1', ttl: 30 }]);
  expect(await resolver.resolve6('dual.test')).toEqual(['2001:db8::2']);
  expect(await resolver.resolve4('a.b.wild.test')).toEqual(['240.240.0.3']);
  await expect(resolver.resolve6('a.wild.test')).rejects.toMatchObject({ code: 'ENODATA' });
  await expect(resolver.resolveMx('dual.test')).rejects.toMatchObject({ code: 'ENODATA' });
  await expect(resolver.resolve4('nobody.test')).rejects.toMatchObject({ code: 'ENOTFOUND' });
});

test('other names are forwarded under another id, and answered as the other server does', async () => {
  const ids: number[] = [];
  const port = await upstream((message, send) => {
    ids.push(message.readUInt16BE(0));
    send(replyTo(message, message.includes('gone') ? rcode.nameError : rcode.ok));
  });
  const { resolver, responder, forwarder } = await start(port);
  expect(await resolver.resolve4('elsewhere.test')).toEqual(['192.0.2.1']);
  await expect(resolver.resolve4('gone.test')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  expect(ids).toEqual([1000, 1001]);
  expect(responder.counters).toMatchObject({ answered: 0, forwarded: 2, failed: 0 });
  expect(forwarder.pending).toBe(0);
});

test('an answer to something else, or under another id, is no answer', async () => {
  const port = await upstream((message, send) => {
    const forged = replyTo(message, rcode.ok, Buffer.from([6, 6, 6, 6]));
    forged.writeUInt16BE((message.readUInt16BE(0) + 1) & 0xffff, 0);
    send(forged);
    send(
      replyTo(query('another.test', 1, { id: message.readUInt16BE(0) }), rcode.ok, Buffer.from([6, 6, 6, 6])),
    );
    send(Buffer.alloc(3));
    send(replyTo(message));
  });
  const { resolver } = await start(port);
  expect(await resolver.resolve4('elsewhere.test')).toEqual(['192.0.2.1']);
});

test('a server that is silent is passed over, and who is beyond the limit is refused at once', async () => {
  const asked = Promise.withResolvers<void>();
  let questions = 0;
  const port = await upstream(() => {
    if (++questions === 2) asked.resolve();
  });
  const { resolver, clock, forwarder, responder } = await start(port, ['127.0.0.1', '127.0.0.1']);
  const failing = ['a.test', 'b.test'].map((name) =>
    expect(resolver.resolve4(name)).rejects.toMatchObject({ code: 'ESERVFAIL' }),
  );
  await asked.promise;
  expect(forwarder.pending).toBe(2);
  await expect(resolver.resolve4('c.test')).rejects.toMatchObject({ code: 'ESERVFAIL' });
  clock.advance(1_100);
  while (questions < 4) await new Promise((resolve) => setImmediate(resolve));
  clock.advance(1_100);
  await Promise.all(failing);
  expect(forwarder.pending).toBe(0);
  expect(responder.counters).toMatchObject({ forwarded: 3, failed: 3 });
});

test('over TCP questions are answered and forwarded over TCP, several on one connection', async () => {
  const server = createServer((socket) => {
    const reader = new MessageReader((message) => socket.write(withLength(replyTo(message))));
    socket.on('data', (chunk: Buffer) => reader.push(chunk));
    socket.on('error', () => {});
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => server.close());
  const { port } = await start((server.address() as { port: number }).port);
  const client = connect(port, '127.0.0.1');
  const ids: number[] = [];
  const done = Promise.withResolvers<void>();
  const reader = new MessageReader((message) => {
    expect(message.readUInt16BE(6)).toBe(1);
    ids.push(message.readUInt16BE(0));
    if (ids.length === 2) done.resolve();
  });
  client.on('data', (chunk: Buffer) => reader.push(chunk));
  client.write(
    Buffer.concat([query('elsewhere.test', 1, { id: 1 }), query('dual.test', 1, { id: 2 })].map(withLength)),
  );
  await done.promise;
  expect(ids.toSorted()).toEqual([1, 2]);
  client.destroy();
});

test('a client over TCP that says nothing, or nothing more, is let go', async () => {
  const { port, clock } = await start(0);
  const silent = connect(port, '127.0.0.1').resume();
  const client = connect(port, '127.0.0.1');
  client.write(withLength(query('dual.test', 1)));
  // Connections are taken in their order: the silent one is there, too.
  await once(client, 'data');
  const both = [silent, client].map(closed);
  clock.advance(10_500);
  client.resume();
  await Promise.all(both);
});

test('more clients over TCP than are served at a time are closed', async () => {
  const { port } = await start(0);
  const clients: Socket[] = [];
  closers.push(() => {
    for (const client of clients) client.destroy();
  });
  for (let count = 0; count < 64; count++) {
    const client = connect(port, '127.0.0.1');
    clients.push(client);
    client.write(withLength(query('dual.test', 1)));
    await once(client, 'data');
  }
  const [first] = clients;
  const refused = connect(port, '127.0.0.1').resume();
  await closed(refused);
  expect(refused.bytesRead).toBe(0);
  // Who is in is still answered.
  first?.write(withLength(query('dual.test', 1)));
  await once(first as Socket, 'data');
});

test('an answer that does not come from the server that was asked is none', async () => {
  const forger = createSocket('udp4').bind(0, '127.0.0.1');
  await once(forger, 'listening');
  closers.push(() => forger.close());
  const server = createSocket('udp4').bind(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => server.close());
  server.on('message', (message, asker) => {
    const forged = replyTo(message, rcode.ok, Buffer.from([6, 6, 6, 6]));
    // The kernel has it delivered, or dropped, before it takes the next.
    forger.send(forged, asker.port, asker.address, () =>
      server.send(replyTo(message), asker.port, asker.address),
    );
  });
  const { resolver } = await start(server.address().port);
  expect(await resolver.resolve4('elsewhere.test')).toEqual(['192.0.2.1']);
});

test('a client over TCP that does not take its answers is not asked for more', async () => {
  const { port, responder } = await start(0);
  const client = connect(port, '127.0.0.1').pause();
  const questions = Buffer.concat(Array.from({ length: 1_000 }, () => withLength(query('dual.test', 1))));
  // Until the system's buffers are full both ways.
  for (let before = -1; before !== responder.counters.answered || client.writableLength === 0; ) {
    before = responder.counters.answered;
    while (client.writableLength < 1024 * 1024) client.write(questions);
    for (let turns = 0; turns < 50; turns++) await new Promise((resolve) => setImmediate(resolve));
  }
  const answered = responder.counters.answered;
  client.resume();
  await expect.poll(() => responder.counters.answered).toBeGreaterThan(answered);
  client.destroy();
});
