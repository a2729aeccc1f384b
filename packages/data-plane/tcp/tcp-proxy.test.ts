import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { seeded } from '@tulle/decision/balance/balancing.fixture';
import type { Cluster } from '@tulle/decision/tables/cluster';
import type { FilterChain } from '@tulle/decision/tables/listener';
import type { TcpProxy } from '@tulle/decision/tables/tcp-proxy';
import { describe, expect, test } from 'vitest';
import type { StreamInfo } from '../http/stream-info.ts';
import { tcpBackend } from '../testing/backend.ts';
import { cleanupAfterEach } from '../testing/cleanup.ts';
import { portOf, startEngine } from '../testing/engine.ts';
import { mtlsOutbound } from '../testing/mesh.ts';
import { chain, cluster, endpoint, forward, listener, tables } from '../testing/tables.ts';
import { VirtualClock } from '../timers/virtual-clock.fixture.ts';
import { TimerWheel } from '../timers/wheel.ts';

const cleanup = cleanupAfterEach();

function tcp(more: Partial<TcpProxy> = {}, to: Parameters<typeof forward>[0] = 'a'): FilterChain {
  const proxy: TcpProxy = {
    statPrefix: 't',
    clusters: forward(to).clusters,
    idleTimeoutMs: 0,
    maxConnectAttempts: 1,
    accessLogs: [],
    ...more,
  };
  return chain({ kind: 'tcp', proxy });
}

async function serve(proxy: FilterChain, clusters: readonly Cluster[]) {
  const clock = new VirtualClock();
  const wheel = new TimerWheel({ clock });
  const ended: StreamInfo[] = [];
  const engine = await startEngine(tables({ listeners: [listener('l', [proxy])], clusters }), {
    wheel,
    random: seeded(),
    observe: { tcpLoggers: () => [(info) => void ended.push(info)] },
  });
  cleanup.push(() => engine.destroy());
  return { engine, clock, wheel, ended, port: portOf(engine, 'l') };
}

async function server(accept: (socket: Socket) => void): Promise<number> {
  const made = await tcpBackend(accept);
  cleanup.push(() => made.close());
  return made.port;
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, allowHalfOpen: true });
  socket.on('error', () => {});
  cleanup.push(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** All that comes until the end; the socket stays open for sending. */
async function readAll(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  await once(socket, 'end');
  return text;
}

const limits = { connections: 1, pending: 1, requests: 1, retries: 1 };

describe('half-close', () => {
  test('a client that has said all still hears all of the answer', async () => {
    const upstream = await server(async (socket) => socket.end(`heard ${await readAll(socket)}`));
    const { port, ended, engine, wheel } = await serve(tcp(), [cluster('a', [endpoint(upstream)])]);
    const socket = await open(port);
    socket.end('question');
    expect(await readAll(socket)).toBe('heard question');
    await expect.poll(() => ended.length).toBe(1);
    expect(ended[0]).toMatchObject({ flags: [], requestBytes: 8, responseBytes: 14 });
    expect(engine.clusters.get('a')?.endpoints[0]?.active).toBe(0);
    expect([engine.listeners.connections, wheel.armed]).toEqual([0, 0]);
  });

  test('a server that has said all still hears all of the client', async () => {
    const heard = Promise.withResolvers<string>();
    const upstream = await server((socket) => {
      socket.end('bye');
      heard.resolve(readAll(socket));
    });
    const { port, ended } = await serve(tcp(), [cluster('a', [endpoint(upstream)])]);
    const socket = await open(port);
    expect(await readAll(socket)).toBe('bye');
    socket.end('but I was not done');
    expect(await heard.promise).toBe('but I was not done');
    await expect.poll(() => ended.length).toBe(1);
    expect(ended[0]?.flags).toEqual([]);
  });
});

describe('time', () => {
  test('a connection on which nothing moves is closed; one on which something does is not', async () => {
    const upstream = await server((socket) => socket.pipe(socket));
    const { port, clock, ended } = await serve(tcp({ idleTimeoutMs: 1_000 }), [
      cluster('a', [endpoint(upstream)]),
    ]);
    const socket = await open(port);
    for (let i = 0; i < 3; i++) {
      socket.write('.');
      await once(socket, 'data');
      clock.advance(800);
    }
    expect(ended).toEqual([]);
    clock.advance(1_200);
    await once(socket.resume(), 'end');
    await expect.poll(() => ended.length).toBe(1);
    expect(ended[0]?.flags).toEqual([]);
  });

  test('however much moves, it ends after its maximum: DT', async () => {
    const upstream = await server((socket) => socket.pipe(socket));
    const { port, clock, ended } = await serve(tcp({ maxDurationMs: 2_000 }), [
      cluster('a', [endpoint(upstream)]),
    ]);
    const socket = await open(port);
    for (let i = 0; i < 3; i++) {
      socket.write('.');
      await once(socket, 'data');
      clock.advance(600);
    }
    expect(ended).toEqual([]);
    clock.advance(300);
    await expect.poll(() => ended.length).toBe(1);
    expect(ended[0]).toMatchObject({ flags: ['DT'], requestBytes: 3, responseBytes: 3 });
  });
});

describe('flags of what goes wrong', () => {
  /** How a connection that is closed at once is logged. */
  async function flagsOf(proxy: FilterChain, clusters: readonly Cluster[]): Promise<readonly string[]> {
    const { port, ended, engine, wheel } = await serve(proxy, clusters);
    const socket = await open(port);
    await once(socket.resume(), 'end');
    socket.end();
    await expect.poll(() => ended.length).toBe(1);
    expect([engine.listeners.connections, wheel.armed]).toEqual([0, 0]);
    return ended[0]?.flags ?? [];
  }

  test('UF: no connection', async () => {
    expect(await flagsOf(tcp(), [cluster('a', [endpoint(1)])])).toEqual(['UF']);
  });

  test('UF, URX: no connection after all attempts, at other endpoints where there are', async () => {
    const endpoints = [endpoint(1), endpoint(2)];
    const { port, ended, engine } = await serve(tcp({ maxConnectAttempts: 3 }), [cluster('a', endpoints)]);
    const socket = await open(port);
    await once(socket.resume(), 'end');
    socket.end();
    await expect.poll(() => ended.length).toBe(1);
    expect(ended[0]).toMatchObject({ flags: ['UF', 'URX'], attempts: 3 });
    for (const each of engine.clusters.get('a')?.endpoints ?? [])
      expect(each.counters.connectFailures).toBeGreaterThan(0);
  });

  test('UH: no endpoint; NC: no cluster', async () => {
    expect(await flagsOf(tcp(), [cluster('a', [])])).toEqual(['UH']);
    expect(await flagsOf(tcp(), [])).toEqual(['NC']);
  });

  test('UO: too many connections; the slot is free again after one ends', async () => {
    const upstream = await server((socket) => socket.pipe(socket));
    const { port, ended, engine } = await serve(tcp(), [
      cluster('a', [endpoint(upstream)], { breakers: { default: limits, high: limits } }),
    ]);
    const first = await open(port);
    first.write('.');
    await once(first, 'data');
    const second = await open(port);
    await once(second.resume(), 'end');
    second.end();
    expect(ended.map(({ flags }) => flags)).toEqual([['UO']]);
    first.destroy();
    await expect.poll(() => engine.clusters.get('a')?.breakers.default.connections.value).toBe(0);
    const third = await open(port);
    third.write('.');
    await once(third, 'data');
  });

  test('DC: the client left before there was a connection', async () => {
    // TLS is never answered.
    const { certificateSecret: _, validation: __, ...tls } = mtlsOutbound('nobody');
    const { port, ended, wheel } = await serve(tcp(), [
      cluster('a', [endpoint(await server(() => {}))], { tls, connectTimeoutMs: 60_000 }),
    ]);
    const socket = await open(port);
    await expect.poll(() => wheel.armed).toBeGreaterThan(0);
    socket.resetAndDestroy();
    await expect.poll(() => ended.length).toBe(1);
    expect([ended[0]?.flags, wheel.armed]).toEqual([['DC'], 0]);
  });
});

test('connections are shared by weight', async () => {
  const counts = { a: 0, b: 0 };
  const [a, b] = await Promise.all(
    (['a', 'b'] as const).map((name) =>
      server((socket) => {
        counts[name]++;
        socket.end(name);
      }),
    ),
  );
  const { port } = await serve(tcp({}, { a: 80, b: 20 }), [
    cluster('a', [endpoint(a ?? 0)]),
    cluster('b', [endpoint(b ?? 0)]),
  ]);
  for (let i = 0; i < 100; i++) {
    const socket = await open(port);
    await readAll(socket);
    socket.end();
  }
  expect(counts.a + counts.b).toBe(100);
  expect(counts.b).toBeGreaterThan(4);
  expect(counts.a).toBeGreaterThan(counts.b);
});
