import { request as httpRequest } from 'node:http';
import { constants } from 'node:http2';
import { type Backend, backend } from './backend.ts';
import { http2Ask, http2Backend, http2Session } from './http2.ts';

export type Version = 'HTTP/1.1' | 'HTTP/2';
const versions = ['HTTP/1.1', 'HTTP/2'] as const;
/** What comes in, what goes out. */
export const pairs = versions.flatMap((down) => versions.map((up) => [down, up] as const));

/** What an application does with a request, whichever protocol it speaks. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, unknown>>;
  body(): Promise<Buffer>;
  trailers(): Readonly<Record<string, unknown>>;
  informational(status: number): void;
  answer(
    status: number,
    headers?: Record<string, string>,
    body?: Buffer | string,
    trailers?: Record<string, string>,
  ): void;
  /** Begins an answer and breaks it off. */
  breakOff(): void;
  /** Ends it without an answer. */
  reset(): void;
}

/** An application of either protocol on a free port. */
export type Application = Pick<Backend, 'port' | 'close'>;

export async function application(
  version: Version,
  handle: (exchange: Exchange) => void,
): Promise<Application> {
  if (version === 'HTTP/1.1') {
    const made = await backend((request, response) => {
      handle({
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body: () => collect(request),
        trailers: () => request.trailers,
        informational: (status) =>
          status === 103 ? response.writeEarlyHints({ link: '</x>' }) : response.writeContinue(),
        answer: (status, headers = {}, body = '', trailers) => {
          response.writeHead(status, {
            ...headers,
            ...(trailers && { trailer: Object.keys(trailers).join() }),
          });
          if (trailers !== undefined) response.addTrailers(trailers);
          response.end(body);
        },
        breakOff: () => {
          response.writeHead(200, { 'content-length': '1000' });
          response.write('some', () => request.socket.resetAndDestroy());
        },
        reset: () => request.socket.resetAndDestroy(),
      });
    });
    return made;
  }
  const made = await http2Backend((stream, headers) => {
    let trailing = {};
    stream.on('trailers', (each) => {
      trailing = each;
    });
    const body = collect(stream);
    body.catch(() => {});
    handle({
      method: String(headers[':method']),
      path: String(headers[':path']),
      headers: { ...headers, host: headers[':authority'] },
      body: () => body,
      trailers: () => trailing,
      informational: (status) => stream.additionalHeaders({ ':status': status, link: '</x>' }),
      answer: (status, more = {}, content = '', trailers) => {
        stream.respond({ ':status': status, ...more }, { waitForTrailers: trailers !== undefined });
        if (trailers !== undefined) stream.on('wantTrailers', () => stream.sendTrailers(trailers));
        stream.end(content);
      },
      breakOff: () => {
        stream.respond({ ':status': 200, 'content-length': '1000' });
        stream.write('some', () => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
      },
      reset: () => stream.close(constants.NGHTTP2_CANCEL),
    });
  });
  return made;
}

async function collect(from: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of from) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
  readonly trailers: Readonly<Record<string, unknown>>;
  readonly informational: readonly number[];
  /** The answer was not complete. */
  readonly broken: boolean;
}

export interface Request {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: Buffer | string;
  readonly trailers?: Record<string, string>;
}

export async function ask(version: Version, port: number, request: Request = {}): Promise<Reply> {
  if (version === 'HTTP/2') {
    const session = await http2Session(port);
    const answer = await http2Ask(session, { host: 'app:80', ...request });
    session.close();
    return { ...answer, broken: answer.code !== 0 && answer.code !== constants.NGHTTP2_NO_ERROR };
  }
  const { method = 'GET', path = '/', headers = {}, body, trailers } = request;
  return new Promise((resolve) => {
    const informational: number[] = [];
    const made = httpRequest(
      {
        host: '127.0.0.1',
        port,
        path,
        method,
        agent: false,
        headers: { host: 'app:80', ...headers, ...(trailers && { trailer: Object.keys(trailers).join() }) },
      },
      (response) => {
        const chunks: Buffer[] = [];
        const end = (): void =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks),
            trailers: response.trailers,
            informational,
            broken: !response.complete,
          });
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', () => {});
        response.on('close', end);
      },
    );
    made.on('information', ({ statusCode }) => informational.push(statusCode));
    made.on('error', () =>
      resolve({ status: 0, headers: {}, body: Buffer.alloc(0), trailers: {}, informational, broken: true }),
    );
    if (trailers !== undefined) made.addTrailers(trailers);
    made.end(body);
  });
}
