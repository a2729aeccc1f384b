/** TLS that goes on to whoever the client's ClientHello names, unopened. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { connect as connectTls, createServer } from 'node:tls';
import type { FilterChain } from '@tulle/decision/tables/listener';
import { type TestAuthority, testAuthority } from '@tulle/xds/test-authority.fixture';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Engine } from '../engine.ts';
import { portOf, startEngine } from '../testing/engine.ts';
import { chain, cluster, endpoint, forward, listener, tables } from '../testing/tables.ts';
import { VirtualClock } from '../timers/virtual-clock.fixture.ts';
import { TimerWheel } from '../timers/wheel.ts';

let authority: TestAuthority;
let engine: Engine;
let clock: VirtualClock;
const cleanup: (() => unknown)[] = [];

beforeEach(async () => {
  authority = await testAuthority();
  clock = new VirtualClock();
  engine = await startEngine(
    tables({
      listeners: [
        listener('tls', [to('one', 'one.test'), to('two', '*.two.test')], {
          inspectTls: true,
          inspectTimeoutMs: 1_000,
          continueOnInspectTimeout: false,
        }),
      ],
      clusters: [
        cluster('one', [endpoint(await backend('one.test'))]),
        cluster('two', [endpoint(await backend('*.two.test'))]),
      ],
    }),
    { wheel: new TimerWheel({ clock }) },
  );
  cleanup.push(() => engine.destroy());
});
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

const to = (name: string, serverName: string): FilterChain =>
  chain(
    {
      kind: 'tcp',
      proxy: {
        statPrefix: name,
        clusters: forward(name).clusters,
        idleTimeoutMs: 0,
        maxConnectAttempts: 1,
        accessLogs: [],
      },
    },
    { name, match: { serverNames: [serverName], transportProtocol: 'tls', applicationProtocols: [] } },
  );

/** A TLS server that says its own name; its port. */
async function backend(name: string): Promise<number> {
  const leaf = await authority.issue({ dnsNames: [name] });
  const server = createServer({ cert: leaf.chainPem, key: leaf.keyPem }, (socket) => {
    socket.on('error', () => {});
    socket.end(name);
  });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** Goes between a client and the engine, and cuts what the client says first. @returns its port */
async function cutting(cut: (hello: Buffer) => readonly Buffer[]): Promise<number> {
  const relay = createTcpServer({ noDelay: true }, (client) => {
    const server = connect({ port: portOf(engine, 'tls'), host: '127.0.0.1', noDelay: true });
    for (const socket of [client, server]) socket.on('error', () => socket.destroy());
    client.once('data', async (hello: Buffer) => {
      client.pause();
      for (const piece of cut(hello)) {
        server.write(piece);
        await new Promise(setImmediate);
      }
      client.pipe(server);
    });
    server.pipe(client);
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  cleanup.push(() => relay.close());
  return (relay.address() as AddressInfo).port;
}

/** Who answers; empty: nobody. */
async function ask(port: number, servername?: string): Promise<string> {
  const socket = connectTls({
    port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    ...(servername === undefined ? {} : { servername }),
  });
  let text = '';
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    text += chunk;
  });
  await new Promise((resolve) => socket.once('close', resolve));
  return text;
}

const pieces = (bytes: Buffer, size: number): Buffer[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
/** The same message in records of `size` bytes. */
const records = (hello: Buffer, size: number): Buffer[] =>
  pieces(hello.subarray(5), size).map((part) =>
    Buffer.concat([Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part]),
  );

test.each([
  ['one.test', 'one.test'],
  ['ONE.test', 'one.test'],
  ['a.two.test', '*.two.test'],
  ['three.test', ''],
  [undefined, ''],
])('%s is answered by %j', async (name, answer) => {
  expect(await ask(portOf(engine, 'tls'), name)).toBe(answer);
});

test.each<[string, (hello: Buffer) => readonly Buffer[]]>([
  ['byte by byte', (hello) => pieces(hello, 1)],
  ['in many records', (hello) => records(hello, 40)],
  ['in records, each cut', (hello) => records(hello, 100).flatMap((record) => pieces(record, 7))],
])('a ClientHello that comes %s is read', async (_, cut) => {
  expect(await ask(await cutting(cut), 'a.two.test')).toBe('*.two.test');
});

test('a ClientHello that never ends is given up', async () => {
  const slow = connect(portOf(engine, 'tls'), '127.0.0.1');
  slow.on('error', () => {});
  const closed = new Promise((resolve) => slow.once('close', resolve));
  slow.resume();
  const listening = engine.listeners.get('tls');
  await once(slow, 'connect');
  for (const byte of [22, 3, 1, 2, 0, 1, 0, 1]) {
    slow.write(Buffer.from([byte]));
    await expect.poll(() => listening?.counters.active).toBe(1);
    clock.advance(800);
  }
  await closed;
  expect(listening?.inspectTimeouts).toBe(1);
});
