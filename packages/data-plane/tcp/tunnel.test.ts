import { createServer, type Server } from 'node:http';
import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Cluster } from '@tulle/decision/tables/cluster';
import type { Tunnel } from '@tulle/decision/tables/tcp-proxy';
import { describe, expect, test } from 'vitest';
import type { StreamInfo } from '../http/stream-info.ts';
import { tcpBackend } from '../testing/backend.ts';
import { cleanupAfterEach } from '../testing/cleanup.ts';
import { closed } from '../testing/closed.ts';
import { portOf, startEngine } from '../testing/engine.ts';
import { chain, cluster, endpoint, forward, listener, tables } from '../testing/tables.ts';

const cleanup = cleanupAfterEach();

async function serve(proxyPort: number, tunnel: Tunnel, more: Partial<Cluster> = {}) {
  const ended: StreamInfo[] = [];
  const engine = await startEngine(
    tables({
      listeners: [
        listener('l', [
          chain({
            kind: 'tcp',
            proxy: {
              statPrefix: 't',
              clusters: forward('proxy').clusters,
              idleTimeoutMs: 0,
              maxConnectAttempts: 1,
              accessLogs: [],
              tunnel,
            },
          }),
        ]),
      ],
      clusters: [cluster('proxy', [endpoint(proxyPort)], more)],
    }),
    { observe: { tcpLoggers: () => [(info) => void ended.push(info)] } },
  );
  cleanup.push(() => engine.destroy());
  return { engine, ended, port: portOf(engine, 'l') };
}

async function listening<
  S extends { listen(port: number, host: string, done: () => void): unknown; close(): unknown },
>(server: S): Promise<S> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanup.push(() => server.close());
  return server;
}
const portOfServer = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;

async function talk(port: number, text: string): Promise<string> {
  const socket = connect({ port, allowHalfOpen: true });
  cleanup.push(() => socket.destroy());
  socket.end(text);
  let heard = '';
  socket.on('data', (chunk) => {
    heard += chunk;
  });
  await closed(socket);
  return heard;
}

/** Answers what it is told, backwards, when the teller has ended. */
const upstream = () =>
  tcpBackend((socket) => {
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('end', () => socket.end([...text].reverse().join('')));
  });

/** A plain forward proxy by CONNECT. */
async function forwardProxy(seen: string[], status = 200): Promise<Server> {
  const proxy = createServer();
  proxy.on('connect', (request, client: Socket, head) => {
    seen.push(`${request.method} ${request.url} host=${request.headers.host}`);
    if (status !== 200) {
      client.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const [host = '', port] = (request.url ?? '').split(':');
    const target = connect({ host, port: Number(port), allowHalfOpen: true }, () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      target.write(head);
      client.pipe(target).pipe(client);
    });
    client.on('error', () => target.destroy());
    target.on('error', () => client.destroy());
  });
  return listening(proxy);
}

describe('TCP through an HTTP proxy', () => {
  test('by CONNECT of HTTP/1.1, half-closes and all', async () => {
    const target = await upstream();
    cleanup.push(() => target.close());
    const seen: string[] = [];
    const proxy = await forwardProxy(seen);
    const authority = `127.0.0.1:${target.port}`;
    const { port, ended, engine } = await serve(portOfServer(proxy), { authority, method: 'CONNECT' });
    expect(await talk(port, 'desserts')).toBe('stressed');
    expect(await talk(port, 'x'.repeat(300_000))).toBe('x'.repeat(300_000));
    expect(seen).toEqual([
      `CONNECT ${authority} host=${authority}`,
      `CONNECT ${authority} host=${authority}`,
    ]);
    await expect.poll(() => ended.length).toBe(2);
    expect(ended[0]).toMatchObject({ flags: [], requestBytes: 8, responseBytes: 8 });
    await expect.poll(() => engine.clusters.get('proxy')?.endpoints[0]?.active).toBe(0);
  });

  test.each(['CONNECT', 'POST'] as const)('by %s of HTTP/2', async (method) => {
    const seen: unknown[] = [];
    const proxy = await listening(createHttp2Server());
    proxy.on('stream', (stream: ServerHttp2Stream, headers) => {
      seen.push([headers[':method'], headers[':authority']]);
      stream.respond({ ':status': 200 });
      let text = '';
      stream.on('data', (chunk) => {
        text += chunk;
      });
      stream.on('end', () => stream.end([...text].reverse().join('')));
    });
    const { port } = await serve(
      portOfServer(proxy),
      { authority: 'db.internal:5432', method },
      { protocol: 'http2' },
    );
    expect(await talk(port, 'desserts')).toBe('stressed');
    expect(seen).toEqual([[method, 'db.internal:5432']]);
  });

  test('one that refuses closes the connection, and the log says why', async () => {
    const proxy = await forwardProxy([], 403);
    const { port, ended, engine } = await serve(portOfServer(proxy), { authority: 'x:1', method: 'CONNECT' });
    expect(await talk(port, 'hello')).toBe('');
    await expect.poll(() => ended.length).toBe(1);
    expect(ended[0]?.flags).toEqual(['UF']);
    expect(ended[0]?.upstreamFailure).toContain('CONNECT x:1 was answered 403');
    expect(engine.clusters.get('proxy')?.endpoints[0]?.active).toBe(0);
  });
});
