import { once } from 'node:events';
import { connect } from 'node:net';
import type { BandwidthLimit } from '@tulle/decision/tables/bandwidth';
import { expect, test } from 'vitest';
import { backend, tcpBackend } from '../../testing/backend.ts';
import { cleanupAfterEach } from '../../testing/cleanup.ts';
import { ask } from '../../testing/client.ts';
import { portOf, startEngine } from '../../testing/engine.ts';
import {
  chain,
  cluster,
  endpoint,
  forward,
  host,
  httpChain,
  listener,
  manager,
  route,
  routeTable,
  tables,
} from '../../testing/tables.ts';
import { VirtualClock } from '../../timers/virtual-clock.fixture.ts';
import { TimerWheel } from '../../timers/wheel.ts';
import { bandwidthLimitFilter } from './filter.ts';

const cleanup = cleanupAfterEach();

const rate = 200_000;
const size = 1_000_000;
const body = Array.from({ length: size / 10 }, (_, at) => String(at).padStart(10, '.')).join('');

/** An application that answers with what it was sent; time passes only as the test says. */
async function serve(limit: BandwidthLimit, perRoute: boolean) {
  const app = await backend((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      response.addTrailers({});
      response.end(Buffer.concat(chunks));
    });
  });
  cleanup.push(() => app.close());
  const clock = new VirtualClock();
  const nothing: BandwidthLimit = { name: 'none', scope: 'proxy' };
  const filters = [
    { name: 'limit', typeUrl: bandwidthLimitFilter.typeUrl, config: perRoute ? nothing : limit },
  ];
  const routes = [route(forward('a'), { perFilter: new Map(perRoute ? [['limit', limit]] : []) })];
  const engine = await startEngine(
    tables({
      listeners: [listener('l', [httpChain(manager(routeTable([host(routes)]), { filters }))])],
      clusters: [cluster('a', [endpoint(app.port)])],
    }),
    { wheel: new TimerWheel({ clock }) },
  );
  cleanup.push(() => engine.destroy());
  return { clock, port: portOf(engine, 'l') };
}

/** Lets time pass until the work is done; returns its result and how long it took. */
async function during<T>(clock: VirtualClock, work: Promise<T>): Promise<{ value: T; ms: number }> {
  const from = clock.now();
  let done = false;
  const marked = work.finally(() => {
    done = true;
  });
  while (!done) {
    // What is on its way arrives before the clock goes on.
    for (let turn = 0; turn < 20 && !done; turn++) await new Promise((resolve) => setImmediate(resolve));
    if (!done) clock.advance(50);
  }
  return { value: await marked, ms: clock.now() - from };
}

/** A second's worth passes at once, and at most one read of 64 KiB more. */
const least = ((size - rate - 65_536) / rate) * 1_000;

test.each([
  ['requests', { requestBytesPerSecond: rate }, false],
  ['responses', { responseBytesPerSecond: rate }, false],
  ['responses of a route', { responseBytesPerSecond: rate }, true],
  ['each connection’s requests', { requestBytesPerSecond: rate, scope: 'connection' as const }, false],
  ['each client’s responses', { responseBytesPerSecond: rate, scope: 'source' as const }, false],
])('%s pass at the rate, and no byte is lost', async (_, more, perRoute) => {
  const { clock, port } = await serve({ name: 'l', scope: 'proxy', ...more }, perRoute);
  const { value, ms } = await during(clock, ask(port, { method: 'POST', body }));
  expect(value.status).toBe(200);
  expect(value.body === body).toBe(true);
  expect(ms).toBeGreaterThanOrEqual(least);
});

test('a TCP connection’s bytes wait in the same way', async () => {
  const app = await tcpBackend((socket) => socket.pipe(socket));
  cleanup.push(() => app.close());
  const clock = new VirtualClock();
  const proxy = {
    statPrefix: 'tcp',
    clusters: forward('a').clusters,
    idleTimeoutMs: 0,
    maxConnectAttempts: 1,
    accessLogs: [],
    bandwidth: [{ name: 'l', scope: 'proxy', responseBytesPerSecond: rate } as const],
  };
  const engine = await startEngine(
    tables({
      listeners: [listener('l', [chain({ kind: 'tcp', proxy })])],
      clusters: [cluster('a', [endpoint(app.port)])],
    }),
    { wheel: new TimerWheel({ clock }) },
  );
  cleanup.push(() => engine.destroy());
  const socket = connect(portOf(engine, 'l'), '127.0.0.1');
  cleanup.push(() => socket.destroy());
  const received: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => received.push(chunk));
  socket.end(body);
  const { ms } = await during(clock, once(socket, 'end'));
  expect(Buffer.concat(received).toString() === body).toBe(true);
  expect(ms).toBeGreaterThanOrEqual(least);
});
