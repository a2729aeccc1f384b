/** Thousands of clients that have asked once and stay: what each costs, and that others are served. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { childProxy } from '../child-proxy.ts';
import { rawBackend } from '../raw-backend.ts';
import { bystander } from './bystander.ts';

const crowd = 9_000;
const atOnce = 100;

async function askOnce(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await once(socket, 'data');
  return socket;
}

test(`${crowd} idle connections`, { timeout: 180_000 }, async () => {
  const backend = await rawBackend();
  const proxy = await childProxy({ kind: 'http', backendPort: backend.port });
  const sockets: Socket[] = [];
  try {
    await (await bystander(proxy.port)).stop();
    const before = await proxy.report();
    while (sockets.length < crowd)
      sockets.push(...(await Promise.all(Array.from({ length: atOnce }, () => askOnce(proxy.port)))));
    const other = await bystander(proxy.port);
    const after = await proxy.report();
    expect((await other.stop()).answers).toBeGreaterThan(0);
    expect(after.census.downstream).toBeGreaterThanOrEqual(crowd);
    const each = (bytes: number): string => (bytes / crowd).toFixed(0);
    process.stdout.write(
      `${crowd} idle connections: ${each(after.rss - before.rss)} bytes of RSS each, ${each(after.heap - before.heap)} of them in the heap\n`,
    );
    expect((after.rss - before.rss) / crowd).toBeLessThan(16 * 1024);
  } finally {
    for (const socket of sockets) socket.destroy();
    await proxy.close();
    await backend.close();
  }
});
