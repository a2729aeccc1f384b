import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';

/** An HTTP/2 application in plain text (prior knowledge); `close` leaves nothing behind. */
export interface Http2Backend {
  readonly port: number;
  readonly server: Http2Server;
  /** Connections that are open. */
  readonly sessions: ReadonlySet<ServerHttp2Session>;
  /** Connections ever. */
  accepted(): number;
  close(): Promise<void>;
}

export async function http2Backend(
  handle: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void,
  settings: { readonly maxConcurrentStreams?: number; readonly enableConnectProtocol?: boolean } = {},
): Promise<Http2Backend> {
  const sessions = new Set<ServerHttp2Session>();
  let accepted = 0;
  const server = createServer({ settings });
  server.on('session', (session) => {
    accepted++;
    sessions.add(session);
    session.on('error', () => {});
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => {});
    handle(stream, headers);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    server,
    sessions,
    accepted: () => accepted,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const session of sessions) session.destroy();
      }),
  };
}

export interface Http2Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly trailers: IncomingHttpHeaders;
  /** 1xx that came before. */
  readonly informational: readonly number[];
  /** Of RST_STREAM; 0: none. */
  readonly code: number;
}

/** A connection to a loopback port, by prior knowledge. */
export async function http2Session(port: number): Promise<ClientHttp2Session> {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => {});
  await new Promise((resolve, reject) => session.once('connect', resolve).once('error', reject));
  return session;
}

/** Everything that comes back on `stream`, until it closes. */
export function answerOf(stream: ClientHttp2Stream): Promise<Http2Answer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const informational: number[] = [];
    let headers: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    stream.on('headers', (each) => informational.push(Number(each[':status'])));
    stream.on('response', (each) => {
      headers = each;
    });
    stream.on('trailers', (each) => {
      trailers = each;
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', () => {});
    stream.on('close', () =>
      resolve({
        status: Number(headers[':status'] ?? 0),
        headers,
        body: Buffer.concat(chunks),
        trailers,
        informational,
        code: stream.rstCode ?? 0,
      }),
    );
  });
}

export interface Http2Ask {
  readonly path?: string;
  readonly method?: string;
  readonly host?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Buffer | string;
  readonly trailers?: OutgoingHttpHeaders;
}

/** One request on `session`. */
export function http2Ask(
  session: ClientHttp2Session,
  { path = '/', method = 'GET', host = 'host', headers = {}, body, trailers }: Http2Ask = {},
): Promise<Http2Answer> {
  const stream = session.request(
    { ':path': path, ':method': method, ':authority': host, ...headers },
    { endStream: body === undefined && trailers === undefined, waitForTrailers: trailers !== undefined },
  );
  if (trailers !== undefined) stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  const answer = answerOf(stream);
  if (body !== undefined || trailers !== undefined) stream.end(body);
  return answer;
}
