import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { cut } from './cut.ts';

/** How the client of a connection that was cut sees it end. */
async function endOf(where: { readonly port: number } | { readonly path: string }): Promise<string> {
  const server = createServer(cut).listen({ host: '127.0.0.1', ...where });
  await once(server, 'listening');
  const address = server.address();
  const client = connect(typeof address === 'string' ? { path: address } : { port: Number(address?.port) });
  client.resume();
  const [end] = await Promise.race([
    once(client, 'error').catch((error: NodeJS.ErrnoException) => [error.code]),
    once(client, 'end').then(() => ['end']),
  ]);
  client.destroy();
  server.close();
  return end instanceof Error ? String((end as NodeJS.ErrnoException).code) : String(end);
}

test('a TCP connection is reset', async () => {
  expect(await endOf({ port: 0 })).toBe('ECONNRESET');
});

test('a Unix socket knows no reset: it is closed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tulle-cut-'));
  expect(await endOf({ path: join(folder, 'socket') })).toBe('end');
  rmSync(folder, { recursive: true });
});

test('what is no socket is destroyed', () => {
  const stream = new PassThrough();
  cut(stream as unknown as Socket);
  expect(stream.destroyed).toBe(true);
});
