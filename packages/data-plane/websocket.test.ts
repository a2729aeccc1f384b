import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { acceptOf, newWebsocketKey } from './http/websocket.ts';
import { pairs, type Version } from './testing/application.ts';
import { cleanupAfterEach } from './testing/cleanup.ts';
import { portOf, startEngine } from './testing/engine.ts';
import { http2Backend, http2Session } from './testing/http2.ts';
import {
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
} from './testing/tables.ts';

const cleanup = cleanupAfterEach();

/** Accepts at `/` and echoes; answers 403 at `/no`, and at `/200` as if it had never heard of WebSockets. */
async function application(version: Version): Promise<number> {
  const echo = (socket: Duplex): void => {
    socket.on('error', () => {});
    socket.on('data', (chunk) => socket.write(chunk));
    socket.on('end', () => socket.end());
  };
  if (version === 'HTTP/2') {
    const made = await http2Backend(
      (stream: ServerHttp2Stream, headers) => {
        const status = Number(String(headers[':path']).slice(1)) || 200;
        expect([headers[':method'], headers[':protocol']]).toEqual(['CONNECT', 'websocket']);
        stream.respond({ ':status': status === 200 ? 200 : 403 }, { endStream: status !== 200 });
        if (status === 200) echo(stream);
      },
      { enableConnectProtocol: true },
    );
    cleanup.push(() => made.close());
    return made.port;
  }
  const server = createServer();
  server.on('upgrade', (asked: IncomingMessage, socket: Duplex) => {
    expect(asked.headers.connection?.toLowerCase()).toBe('upgrade');
    const status = asked.url?.slice(1);
    if (status === '403' || status === '200') {
      socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno`);
      return;
    }
    const accept = acceptOf(asked.headers['sec-websocket-key'] as string);
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    echo(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanup.push(() => new Promise((resolve) => server.close(resolve)));
  return (server.address() as AddressInfo).port;
}

async function proxy(version: Version, port: number): Promise<number> {
  const routes = routeTable([host([route(forward('a'))])]);
  const engine = await startEngine(
    tables({
      listeners: [listener('l', [httpChain(manager(routes, { upgrades: ['websocket'] }))])],
      clusters: [cluster('a', [endpoint(port)], { protocol: version === 'HTTP/2' ? 'http2' : 'http1' })],
    }),
  );
  cleanup.push(() => engine.destroy());
  return portOf(engine, 'l');
}

interface Opened {
  readonly status: number;
  readonly socket: Duplex | undefined;
}

/** Opens a WebSocket as clients of `version` do, and checks what they check. */
async function open(version: Version, port: number, path: string): Promise<Opened> {
  if (version === 'HTTP/2') {
    const session = await http2Session(port);
    cleanup.push(() => session.destroy());
    if (!session.remoteSettings.enableConnectProtocol) await once(session, 'remoteSettings');
    const headers = { ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'http', ':path': path };
    const stream = session.request(
      { ...headers, ':authority': 'app', 'sec-websocket-version': '13' },
      { endStream: false },
    );
    stream.on('error', () => {});
    const [answer] = await once(stream, 'response');
    expect(answer['sec-websocket-accept']).toBeUndefined();
    return { status: answer[':status'], socket: stream };
  }
  const key = newWebsocketKey();
  const made = request({
    host: '127.0.0.1',
    port,
    path,
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': key,
      'sec-websocket-version': '13',
    },
  });
  made.end();
  return new Promise((resolve) => {
    made.on('response', (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, socket: undefined });
    });
    made.on('upgrade', (response, socket) => {
      cleanup.push(() => socket.destroy());
      expect(response.headers['sec-websocket-accept']).toBe(acceptOf(key));
      resolve({ status: response.statusCode ?? 0, socket });
    });
  });
}

describe.each(pairs)('a WebSocket from %s to %s', (down, up) => {
  it('opens, carries bytes both ways and ends', async () => {
    const port = await proxy(up, await application(up));
    const { status, socket } = await open(down, port, '/');
    expect(status).toBe(down === 'HTTP/2' ? 200 : 101);
    if (socket === undefined) throw new Error('no socket');
    const bytes = Buffer.alloc(200_000, 'w');
    socket.end(bytes);
    let length = 0;
    for await (const chunk of socket) length += (chunk as Buffer).length;
    expect(length).toBe(bytes.length);
  });

  it('is refused as the application refuses it', async () => {
    const port = await proxy(up, await application(up));
    expect((await open(down, port, '/403')).status).toBe(403);
  });
});

it('a server that ignores the upgrade has not accepted it', async () => {
  const port = await proxy('HTTP/1.1', await application('HTTP/1.1'));
  expect((await open('HTTP/2', port, '/200')).status).toBe(502);
});
