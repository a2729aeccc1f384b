import { once } from 'node:events';
import { createServer as createHttp, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import type { ChildShape } from '../child-proxy.ts';
import { pour, sip } from './flow.ts';

/** One protocol, with a peer of Node's own at either end. */
export interface Lane {
  readonly shape: Pick<ChildShape, 'kind' | 'cluster'>;
  /** Serves `/down` with `size` bytes, and answers `/up` with how many it has sipped. */
  serve(size: () => number): Promise<{ readonly port: number; close(): void }>;
  /** Through the proxy on `port`; returns how many bytes came to the other end. */
  download(port: number): Promise<number>;
  upload(port: number, size: number): Promise<number>;
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function text(stream: AsyncIterable<unknown>): Promise<string> {
  let all = '';
  for await (const chunk of stream) all += String(chunk);
  return all;
}

const http1: Lane = {
  shape: { kind: 'http' },
  async serve(size) {
    const server = createHttp(async (request, response) => {
      if (request.url === '/up') response.end(String(await sip(request)));
      else {
        response.setHeader('content-length', size());
        await pour(size(), response);
      }
    });
    const port = await listening(server);
    return { port, close: () => void server.close(() => {}).closeAllConnections() };
  },
  async download(port) {
    const request = httpRequest({ port, host: '127.0.0.1', path: '/down', agent: false });
    request.end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return sip(response);
  },
  async upload(port, size) {
    const request = httpRequest({
      port,
      host: '127.0.0.1',
      path: '/up',
      method: 'POST',
      agent: false,
      headers: { 'content-length': size },
    });
    const answered = once(request, 'response') as Promise<[IncomingMessage]>;
    await pour(size, request);
    const [response] = await answered;
    return Number(await text(response));
  },
};

const http2: Lane = {
  shape: { kind: 'http', cluster: { protocol: 'http2' } },
  async serve(size) {
    const server = createHttp2();
    const sessions = new Set<{ destroy(): void }>();
    server.on('session', (session) => sessions.add(session));
    server.on('stream', async (stream: ServerHttp2Stream, headers) => {
      stream.on('error', () => {});
      if (headers[':path'] === '/up') {
        const read = await sip(stream);
        stream.respond({ ':status': 200 });
        stream.end(String(read));
      } else {
        stream.respond({ ':status': 200, 'content-length': size() });
        await pour(size(), stream);
      }
    });
    const port = await listening(server as unknown as Server);
    return {
      port,
      close: () => {
        for (const session of sessions) session.destroy();
        server.close();
      },
    };
  },
  async download(port) {
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    const stream = session.request({ ':path': '/down' });
    const read = await sip(stream);
    session.destroy();
    return read;
  },
  async upload(port, size) {
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    const stream = session.request({ ':path': '/up', ':method': 'POST' });
    const answered = text(stream);
    await pour(size, stream);
    const read = Number(await answered);
    session.destroy();
    return read;
  },
};

/** The first byte says which way. */
const tcp: Lane = {
  shape: { kind: 'tcp' },
  async serve(size) {
    const server = createServer({ allowHalfOpen: true }, async (socket) => {
      socket.on('error', () => {});
      const [first] = (await once(socket, 'data')) as [Buffer];
      socket.pause();
      if (first[0] === 0x64) await pour(size(), socket);
      else socket.end(String(first.length + (await sip(socket))));
    });
    return { port: await listening(server), close: () => server.close() };
  },
  async download(port) {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.write('d');
    return sip(socket);
  },
  async upload(port, size) {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const answered = text(socket);
    await pour(size, socket);
    return Number(await answered);
  },
};

export const lanes: Readonly<Record<string, Lane>> = { 'HTTP/1.1': http1, 'HTTP/2': http2, TCP: tcp };
