import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import { drain } from './drain.ts';

let server: Server | undefined;
afterEach(() => {
  vi.useRealTimers();
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

/** An admin port of Envoy's shape, whose requests in flight are what `active` says at each look. */
async function admin(active: readonly number[], onLook = () => {}) {
  const asked: string[] = [];
  const left = [...active];
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url?.split('&filter')[0]}`);
    if (request.url?.startsWith('/drain')) return void response.end('OK\n');
    onLook();
    const value = left.length > 1 ? left.shift() : left[0];
    const stats = [
      { name: 'http.inbound_9080.downstream_rq_active', value },
      // This very request.
      { name: 'http.admin.downstream_rq_active', value: 1 },
    ];
    response.end(JSON.stringify({ stats }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { address: '127.0.0.1', port, asked };
}

const look = 'GET /stats?format=json';

it('closes no listener at once, and returns when no request is open', async () => {
  const { asked, ...at } = await admin([2, 1, 0]);
  await drain(at, 60_000, 60_000);
  expect(asked).toEqual(['POST /drain_listeners?graceful&skip_exit', look, look, look]);
});

it('waits no longer than it may', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const { asked, ...at } = await admin([1], () => vi.advanceTimersByTime(200));
  await drain(at, 500, 60_000);
  expect(asked).toEqual(['POST /drain_listeners?graceful&skip_exit', look, look, look]);
});

it('does not wait for an admin port that is not there', async () => {
  const { port } = await admin([1]);
  server?.close();
  await drain({ address: '127.0.0.1', port }, 10_000);
});
