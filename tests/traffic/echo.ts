/** Applications that answer as they are told in the request, and keep what they saw. */
import { once } from 'node:events';
import {
  createServer as createHttpServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import {
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { acceptOf } from '@tulle/data-plane/http/websocket';
import type { Pair } from './certificates.ts';
import type { Behaviour } from './scenario.ts';

/** A request as an application saw it. */
export interface Seen {
  /** `x-scenario`: whose request this is. */
  readonly of: string;
  readonly by: string;
  readonly method: string;
  readonly path: string;
  readonly authority: string;
  /** `1.1`, `2.0` */
  readonly version: string;
  readonly headers: IncomingHttpHeaders;
  /** The port at its other end. */
  readonly connection: number;
}

/** What all applications of a world saw. */
export class Sightings {
  readonly #seen = new Map<string, Seen[]>();

  add(one: Seen): void {
    const list = this.#seen.get(one.of);
    if (list === undefined) this.#seen.set(one.of, [one]);
    else list.push(one);
  }

  of(request: string): readonly Seen[] {
    return this.#seen.get(request) ?? [];
  }
}

export interface Echo {
  /** Plain HTTP (WebSockets too), h2c (gRPC too), lines of bytes, HTTPS, lines over TLS. */
  readonly ports: {
    readonly http: number;
    readonly h2c: number;
    readonly tcp: number;
    readonly https: number;
    readonly tls: number;
  };
  close(): Promise<void>;
}

type Request = IncomingMessage | Http2ServerRequest;
type Response = ServerResponse | Http2ServerResponse;

/** @param by the name under which it answers */
export async function startEcho(
  by: string,
  sightings: Sightings,
  tls: Pair & { readonly ca: string },
): Promise<Echo> {
  const open = new Set<Socket>();
  const answer = (request: Request, response: Response): void => respond(by, sightings, request, response);
  const http = createHttpServer((request, response) => {
    // Who asks for a tunnel is the proxy itself: it says of no row.
    const tunnels = request.method === 'POST' && request.headers['x-scenario'] === undefined;
    if (tunnels) tunnelBody(request, response);
    else answer(request, response);
  });
  http.on('upgrade', (request: IncomingMessage, socket: Socket) => {
    sightings.add(seenBy(by, request));
    const accept = acceptOf(request.headers['sec-websocket-key'] as string);
    const fields = [
      'Connection: Upgrade',
      'Upgrade: websocket',
      `Sec-WebSocket-Accept: ${accept}`,
      `X-Version: ${by}`,
    ];
    socket.write(['HTTP/1.1 101 Switching Protocols', ...fields, '', ''].join('\r\n'));
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  http.on('connect', tunnel);
  const shown = { ...tls, requestCert: true, rejectUnauthorized: false };
  const servers = {
    http,
    h2c: createHttp2Server(answer),
    tcp: createTcpServer((socket) => echoLines(socket, () => by)),
    https: createHttpsServer(shown, answer),
    tls: createTlsServer(shown, (socket) => echoLines(socket, () => `${by} ${namesOf(socket)}`)),
  };
  // One that is closed while a row pauses may be just the one that its next request takes.
  for (const server of [servers.http, servers.https]) server.keepAliveTimeout = 0;
  for (const server of Object.values(servers)) {
    server.on('connection', (socket: Socket) => {
      open.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => open.delete(socket));
    });
    server.on('tlsClientError', () => {});
    server.listen(0, '127.0.0.1');
  }
  await Promise.all(Object.values(servers).map((server) => once(server, 'listening')));
  const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;
  return {
    ports: {
      http: portOf(servers.http),
      h2c: portOf(servers.h2c),
      tcp: portOf(servers.tcp),
      https: portOf(servers.https),
      tls: portOf(servers.tls),
    },
    async close() {
      const closed = Object.values(servers).map((server) => {
        (server as Server).close();
        return once(server, 'close');
      });
      for (const socket of open) socket.destroy();
      await Promise.all(closed);
    },
  };
}

const text = (value: string | string[] | undefined): string =>
  Array.isArray(value) ? value.join(',') : (value ?? '');

function seenBy(by: string, request: Request): Seen {
  const { headers, socket } = request;
  const tls = socket as Partial<TLSSocket>;
  return {
    of: text(headers['x-scenario']),
    by,
    method: request.method ?? '',
    path: request.url ?? '',
    authority: text(headers[':authority'] ?? headers.host),
    version: request.httpVersion,
    connection: socket.remotePort ?? 0,
    headers: tls.encrypted === true ? { ...headers, ':sni': namesOf(socket as TLSSocket) } : headers,
  };
}

/** Server name and the client's common name. */
function namesOf(socket: TLSSocket): string {
  const client = socket.getPeerCertificate().subject?.CN;
  return `${typeof socket.servername === 'string' ? socket.servername : '-'} ${text(client) || '-'}`;
}

function respond(by: string, sightings: Sightings, request: Request, response: Response): void {
  const seen = seenBy(by, request);
  sightings.add(seen);
  const behave = JSON.parse(text(request.headers['x-behave']) || '{}') as Behaviour;
  const attempts = sightings.of(seen.of).length;
  const applies = (behave.only ?? by) === by && attempts <= (behave.first ?? Number.POSITIVE_INFINITY);
  const {
    status = 200,
    delayMs = 0,
    reset = false,
    fields = {},
    grpcStatus = 0,
    bodyBytes,
  } = applies ? behave : {};
  const isGrpc = text(request.headers['content-type']).startsWith('application/grpc');
  request.on('error', () => {});
  response.on('error', () => {});
  request.resume();
  request.once('end', () => {
    if (reset) {
      if ('stream' in request) request.stream.close(2);
      else request.socket.destroy();
      return;
    }
    const reply = (): void => {
      if (response.destroyed) return;
      response.statusCode = status;
      response.setHeader('x-version', by);
      for (const [name, value] of Object.entries(fields)) response.setHeader(name, value);
      if (isGrpc) endCall(response, grpcStatus);
      else if (bodyBytes !== undefined) response.end(Buffer.alloc(bodyBytes, 'x'));
      else response.end(`${by} ${seen.method} ${seen.path}\n`);
    };
    if (delayMs === 0) reply();
    else setTimeout(reply, delayMs).unref();
  });
}

/** As a forward proxy: bytes to whom the client names, after how it asked. */
function tunnel({ url = '' }: IncomingMessage, client: Socket): void {
  const socket = connectTo(url, 'CONNECT', () => client.write('HTTP/1.1 200 OK\r\n\r\n'));
  client.on('error', () => socket.destroy());
  socket.on('error', () => client.destroy());
  client.pipe(socket).pipe(client);
}

/** The same by POST: its body goes there, what comes back is the answer's. */
function tunnelBody(request: IncomingMessage, response: ServerResponse): void {
  const socket = connectTo(request.headers.host ?? '', 'POST', () => response.flushHeaders());
  response.on('close', () => socket.destroy());
  socket.on('error', () => request.socket.destroy());
  request.pipe(socket).pipe(response);
}

function connectTo(authority: string, by: string, connected: () => void): Socket {
  const { hostname, port } = new URL(`tcp://${authority}`);
  const socket = connect(Number(port), hostname, connected);
  socket.write(`by ${by} `);
  return socket;
}

/** An empty message and trailers; a failure is trailers only, as gRPC servers answer one before any message. */
function endCall(response: Response, grpcStatus: number): void {
  response.setHeader('content-type', 'application/grpc');
  if (grpcStatus !== 0) {
    response.setHeader('grpc-status', String(grpcStatus));
    response.end();
    return;
  }
  response.addTrailers({ 'grpc-status': '0' });
  response.end(Buffer.alloc(5));
}

function echoLines(socket: Socket, before: () => string): void {
  let rest = '';
  socket.setEncoding('utf8').on('data', (part: string) => {
    rest += part;
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
      socket.write(`${before()} ${rest.slice(0, end)}\n`);
      rest = rest.slice(end + 1);
    }
  });
}
