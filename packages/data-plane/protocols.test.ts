import { createHash, randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { constants } from 'node:http2';
import { afterEach, describe, expect, it } from 'vitest';
import type { Engine } from './engine.ts';
import { backend } from './testing/backend.ts';
import { portOf, startEngine } from './testing/engine.ts';
import { http2Ask, http2Backend, http2Session } from './testing/http2.ts';
import {
  cluster,
  endpoint,
  forward,
  host,
  httpChain,
  listener,
  manager,
  retry,
  route,
  routeTable,
  tables,
} from './testing/tables.ts';

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

type Version = 'HTTP/1.1' | 'HTTP/2';
const versions = ['HTTP/1.1', 'HTTP/2'] as const;
const pairs = versions.flatMap((down) => versions.map((up) => [down, up] as const));

/** What an application does with a request, whichever protocol it speaks. */
interface Exchange {
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
async function application(version: Version, handle: (exchange: Exchange) => void): Promise<number> {
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
    cleanup.push(() => made.close());
    return made.port;
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
  cleanup.push(() => made.close());
  return made.port;
}

async function collect(from: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of from) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** An engine whose one cluster `a` speaks `version` to `port`. */
async function proxy(
  version: Version,
  port: number,
  more: {
    readonly action?: Parameters<typeof forward>[1];
    readonly cluster?: Parameters<typeof cluster>[2];
    readonly manager?: Parameters<typeof manager>[1];
  } = {},
): Promise<{ engine: Engine; port: number }> {
  const routes = [route(forward('a', more.action))];
  const engine = await startEngine(
    tables({
      listeners: [listener('l', [httpChain(manager(routeTable([host(routes)]), more.manager))])],
      clusters: [
        cluster('a', [endpoint(port)], {
          protocol: version === 'HTTP/2' ? 'http2' : 'http1',
          ...more.cluster,
        }),
      ],
    }),
  );
  cleanup.push(() => engine.destroy());
  return { engine, port: portOf(engine, 'l') };
}

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
  readonly trailers: Readonly<Record<string, unknown>>;
  readonly informational: readonly number[];
  /** The answer was not complete. */
  readonly broken: boolean;
}

interface Request {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: Buffer | string;
  readonly trailers?: Record<string, string>;
}

async function ask(version: Version, port: number, request: Request = {}): Promise<Reply> {
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

describe.each(pairs)('%s to %s', (down, up) => {
  it('a request with its body and fields, an answer with its own', async () => {
    const seen: unknown[] = [];
    const app = await application(up, async (exchange) => {
      const body = await exchange.body();
      seen.push([
        exchange.method,
        exchange.path,
        exchange.headers.host,
        exchange.headers['x-one'],
        body.toString(),
      ]);
      exchange.answer(201, { 'x-two': 'b', 'content-type': 'text/plain' }, 'answer');
    });
    const { port } = await proxy(up, app);
    const answer = await ask(down, port, {
      method: 'POST',
      path: '/p?q=1',
      headers: { 'x-one': 'a' },
      body: 'request',
    });
    expect(seen).toEqual([['POST', '/p?q=1', 'app:80', 'a', 'request']]);
    expect([answer.status, answer.headers['x-two'], answer.body.toString()]).toEqual([201, 'b', 'answer']);
    expect(answer.headers.connection ?? 'keep-alive').not.toBe('close, close');
  });

  it('HEAD, 204 and an empty POST', async () => {
    const lengths: unknown[] = [];
    const app = await application(up, (exchange) => {
      if (exchange.method === 'HEAD') exchange.answer(200, { 'content-length': '5' });
      else if (exchange.path === '/204') exchange.answer(204);
      else {
        lengths.push(exchange.headers['content-length']);
        exchange.answer(200, {}, 'x');
      }
    });
    const { port } = await proxy(up, app);
    expect(await ask(down, port, { method: 'HEAD' })).toMatchObject({
      status: 200,
      headers: { 'content-length': '5' },
      broken: false,
    });
    expect(await ask(down, port, { path: '/204' })).toMatchObject({ status: 204, broken: false });
    expect(await ask(down, port, { method: 'POST', body: '' })).toMatchObject({ status: 200, broken: false });
    expect(lengths[0] ?? '0').toBe('0');
  });

  it('trailers both ways', async () => {
    const seen: unknown[] = [];
    const app = await application(up, async (exchange) => {
      await exchange.body();
      seen.push(exchange.trailers()['x-sum'], exchange.headers.te);
      exchange.answer(200, {}, 'body', { 'grpc-status': '7', 'x-end': 'yes' });
    });
    const { port } = await proxy(up, app);
    const answer = await ask(down, port, {
      method: 'POST',
      headers: { te: 'trailers', ...(down === 'HTTP/1.1' && { 'transfer-encoding': 'chunked' }) },
      body: 'b',
      trailers: { 'x-sum': '42' },
    });
    expect(seen).toEqual(['42', 'trailers']);
    expect(answer).toMatchObject({ status: 200, trailers: { 'grpc-status': '7', 'x-end': 'yes' } });
  });

  it('informational answers', async () => {
    const app = await application(up, (exchange) => {
      exchange.informational(103);
      exchange.answer(200, {}, 'x');
    });
    const { port } = await proxy(up, app);
    expect(await ask(down, port)).toMatchObject({ status: 200, informational: [103] });
  });

  it('bodies of megabytes both ways, byte for byte', async () => {
    const body = randomBytes(5 * 1024 * 1024 + 7);
    const hash = (bytes: Buffer): string => createHash('sha1').update(bytes).digest('hex');
    const app = await application(up, async (exchange) => {
      exchange.answer(200, {}, await exchange.body());
    });
    const { port } = await proxy(up, app);
    const answer = await ask(down, port, { method: 'POST', body });
    expect([answer.status, hash(answer.body)]).toEqual([200, hash(body)]);
  });

  it('an answer before the request is complete', async () => {
    const app = await application(up, (exchange) => exchange.answer(413, {}, 'too much'));
    const { port } = await proxy(up, app);
    const answer = await ask(down, port, { method: 'POST', body: randomBytes(200_000) });
    expect([answer.status, answer.body.toString()]).toEqual([413, 'too much']);
  });

  it('an answer that breaks off breaks off at the client', async () => {
    const app = await application(up, (exchange) => exchange.breakOff());
    const { port } = await proxy(up, app);
    const answer = await ask(down, port);
    expect(answer.broken).toBe(true);
  });

  it('a request that nobody answers is 503, or tried again', async () => {
    let asked = 0;
    const app = await application(up, (exchange) => {
      if (++asked < 3) exchange.reset();
      else exchange.answer(200, {}, 'third');
    });
    const once = await proxy(up, app);
    expect((await ask(down, once.port)).status).toBe(503);
    const again = await proxy(up, app, { action: { retry: retry({ retries: 3 }) } });
    expect(await ask(down, again.port)).toMatchObject({ status: 200 });
  });
});
