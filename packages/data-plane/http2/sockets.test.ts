import http2 from 'node:http2';
import net, { type AddressInfo, type Socket } from 'node:net';
import { Headers } from '@tulle/decision/headers';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import type { RequestHead, ResponseHead, Stream, StreamHandler } from '../http/stream.ts';
import { Outboxes } from '../net/outbox.ts';
import { TimerWheel } from '../timers/wheel.ts';
import { Http2Client } from './client.ts';
import { defaultHttp2Limits } from './limits.ts';
import type { Http2Problem } from './protocol-error.ts';
import { Http2Server } from './server.ts';
import { Echo } from './testing/echo.ts';

/** Over real sockets, against node:http2: two implementations that no one here wrote both ends of. */

const outboxes = new Outboxes();
const timers = new TimerWheel();
const cleanups: (() => void)[] = [];
const problems: Http2Problem[] = [];

afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
  expect(problems.splice(0)).toEqual([]);
});

const options = {
  limits: defaultHttp2Limits,
  timers,
  outboxes,
  onProblem: (problem: Http2Problem) => problems.push(problem),
};

async function listen(server: net.Server | http2.Http2Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Our server behind a node client. */
async function serveOurs(
  handle: (head: RequestHead, stream: Stream<ResponseHead>) => StreamHandler<RequestHead>,
): Promise<{
  readonly port: number;
  readonly servers: Http2Server[];
}> {
  const servers: Http2Server[] = [];
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    servers.push(new Http2Server(socket, { ...options, scheme: 'http', onRequest: handle }));
  });
  const port = await listen(server);
  cleanups.push(() => {
    server.close();
    for (const each of servers) each.destroy();
  });
  return { port, servers };
}

function connectNode(port: number, settings: http2.Settings = {}): http2.ClientHttp2Session {
  const session = http2.connect(`http://127.0.0.1:${port}`, { settings });
  session.on('error', () => {});
  cleanups.push(() => session.destroy());
  return session;
}

/** Our client towards a node server. */
async function connectOurs(port: number): Promise<Http2Client> {
  const socket: Socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  return await new Promise((resolve) => {
    const client: Http2Client = new Http2Client(socket, { ...options, onAvailable: () => resolve(client) });
    cleanups.push(() => client.destroy());
  });
}

async function serveNode(settings: http2.Settings = {}): Promise<http2.Http2Server> {
  const server = http2.createServer({ settings });
  const sessions = new Set<http2.ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => {});
  });
  await listen(server);
  cleanups.push(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return server;
}

const portOf = (server: http2.Http2Server): number => (server.address() as AddressInfo).port;

interface Answer {
  readonly status: number;
  readonly headers: http2.IncomingHttpHeaders | Record<string, string>;
  readonly body: Buffer;
  readonly trailers: Record<string, unknown>;
}

function askNode(
  session: http2.ClientHttp2Session,
  headers: http2.OutgoingHttpHeaders,
  body: Buffer = Buffer.alloc(0),
  trailers?: Record<string, string>,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request(headers, { waitForTrailers: trailers !== undefined });
    const parts: Buffer[] = [];
    let head: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader = {};
    let tail: Record<string, unknown> = {};
    stream.on('response', (received) => {
      head = received;
    });
    stream.on('trailers', (received) => {
      tail = { ...received };
    });
    stream.on('data', (part: Buffer) => parts.push(part));
    stream.on('wantTrailers', () => stream.sendTrailers(trailers ?? {}));
    stream.on('error', reject);
    stream.on('end', () =>
      resolve({ status: Number(head[':status']), headers: head, body: Buffer.concat(parts), trailers: tail }),
    );
    if (body.length > 0 || trailers !== undefined) stream.end(body);
    else stream.end();
  });
}

/** Collects an answer; writes `body` under backpressure. */
class Asking implements StreamHandler<ResponseHead> {
  readonly answer: Promise<Answer>;
  #resolve: (answer: Answer) => void = () => {};
  #reject: (error: Error) => void = () => {};
  #head: ResponseHead | undefined;
  readonly #parts: Buffer[] = [];
  #stream: Stream<RequestHead> | undefined;
  #left: Buffer = Buffer.alloc(0);
  #trailers: Headers | undefined;

  constructor() {
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  send(client: Http2Client, head: Partial<RequestHead>, body: Buffer, trailers?: Headers): this {
    this.#stream = client.request(this);
    this.#left = body;
    this.#trailers = trailers;
    const end = body.length === 0 && trailers === undefined;
    this.#stream.sendHead(
      {
        method: 'POST',
        path: '/',
        authority: 'a',
        scheme: 'http',
        headers: new Headers(),
        protocol: 'HTTP/1.1',
        ...head,
      },
      end,
    );
    if (!end) this.onDrain();
    return this;
  }

  reset(): void {
    this.#stream?.reset('local-reset');
  }

  onDrain(): void {
    let ready = true;
    while (ready && this.#left.length > 0) {
      const part = this.#left.subarray(0, 30_000);
      this.#left = this.#left.subarray(part.length);
      ready = this.#stream?.sendData(part, this.#left.length === 0 && this.#trailers === undefined) ?? false;
    }
    if (this.#left.length === 0 && this.#trailers !== undefined) this.#stream?.sendTrailers(this.#trailers);
  }

  onHead(head: ResponseHead, end: boolean): void {
    this.#head = head;
    if (end) this.#done();
  }

  onData(chunk: Buffer, end: boolean): void {
    this.#parts.push(Buffer.from(chunk));
    if (end) this.#done();
  }

  onTrailers(trailers: Headers): void {
    this.#done(Object.fromEntries(trailers));
  }

  onReset(reason: string, detail?: string): void {
    this.#reject(new Error(`${reason} ${detail ?? ''}`));
  }

  #done(trailers: Record<string, unknown> = {}): void {
    const headers = Object.fromEntries(this.#head?.headers ?? []);
    this.#resolve({ status: this.#head?.status ?? 0, headers, body: Buffer.concat(this.#parts), trailers });
  }
}

const fieldName = fc.stringMatching(/^x-[a-z0-9!#$%&'*+.^_`|~-]{1,20}$/);
const fieldValue = fc.stringMatching(/^[!-~]([\t -~]{0,50}[!-~])?$/);
const fieldLists = fc.array(fc.dictionary(fieldName, fieldValue, { maxKeys: 10 }), {
  minLength: 1,
  maxLength: 30,
});
const large = Buffer.alloc(3_000_000, 'The quick brown fox. ');

describe('our server, node:http2’s client', () => {
  test('header fields of any kind, over and over', async () => {
    const { port } = await serveOurs((_head, stream) => new Echo(stream));
    const session = connectNode(port);
    await fc.assert(
      fc.asyncProperty(fieldLists, async (lists) => {
        const all = [...lists, ...lists];
        const answers = await Promise.all(
          all.map((fields) => askNode(session, { ':path': '/p', ...fields })),
        );
        answers.forEach(({ status, headers }, at) => {
          expect(status).toBe(200);
          expect(headers).toMatchObject(all[at] as Record<string, string>);
        });
      }),
      { numRuns: 20 },
    );
  });

  test.each([
    ['by default', {}],
    ['with small frames and windows', { initialWindowSize: 3_000, headerTableSize: 0 }],
    ['with a large window', { initialWindowSize: 10_000_000, headerTableSize: 100_000 }],
  ])('large bodies both ways at once, and trailers, %s', async (_title, settings) => {
    const { port, servers } = await serveOurs((_head, stream) => new Echo(stream));
    const session = connectNode(port, settings);
    const answers = await Promise.all(
      [1, 2, 3].map((number) =>
        askNode(session, { ':path': '/p', ':method': 'POST', 'x-n': `${number}` }, large, { 'x-t': 'end' }),
      ),
    );
    for (const { body, trailers } of answers) {
      expect(body.equals(large)).toBe(true);
      expect(trailers).toMatchObject({ 'x-t': 'end' });
    }
    expect(servers[0]?.busy).toBe(false);
  });

  test('1,000 requests on one connection, 200 at a time', async () => {
    const { port, servers } = await serveOurs((_head, stream) => new Echo(stream));
    const session = connectNode(port);
    for (let round = 0; round < 5; round++) {
      const answers = await Promise.all(
        Array.from({ length: 200 }, (_, at) =>
          askNode(session, { ':path': `/${at}`, ':method': 'POST' }, Buffer.alloc(at * 10, 'x')),
        ),
      );
      answers.forEach(({ body, headers }, at) => {
        expect([body.length, headers['x-path']]).toEqual([at * 10, `/${at}`]);
      });
    }
    expect([servers.length, servers[0]?.busy]).toEqual([1, false]);
  });

  test('resets among others, from either side', async () => {
    const echoes: Echo[] = [];
    const { port } = await serveOurs((head, stream) => {
      if (head.path === '/reset') stream.reset('refused-stream');
      const handler = new Echo(stream);
      echoes.push(handler);
      return handler;
    });
    const session = connectNode(port);
    const kept = askNode(session, { ':path': '/kept', ':method': 'POST' }, large);
    await expect(askNode(session, { ':path': '/reset' })).rejects.toThrow('NGHTTP2_REFUSED_STREAM');
    const given = session.request({ ':path': '/hold' });
    given.on('error', () => {});
    const held = new Promise<void>((resolve) => given.on('close', resolve));
    await askNode(session, { ':path': '/between' });
    given.close(http2.constants.NGHTTP2_CANCEL);
    await held;
    await askNode(session, { ':path': '/after' });
    expect(echoes.filter(({ reset }) => reset === 'remote-reset')).toHaveLength(1);
    expect((await kept).body.equals(large)).toBe(true);
  });

  test('a client that reads slowly holds up its own stream, no other', async () => {
    const { port } = await serveOurs((_head, stream) => new Echo(stream));
    // Node counts what a paused stream leaves against the connection's 65,535 octets, too.
    const session = connectNode(port, { initialWindowSize: 20_000 });
    await new Promise((resolve) => session.on('localSettings', resolve));
    const slow = session.request({ ':path': '/slow', ':method': 'POST' });
    slow.pause();
    slow.end(large);
    const { body } = await askNode(session, { ':path': '/fast', ':method': 'POST' }, Buffer.alloc(60_000));
    expect(body.length).toBe(60_000);
    let length = 0;
    slow.on('data', (part: Buffer) => {
      length += part.length;
    });
    slow.resume();
    await new Promise((resolve) => slow.on('end', resolve));
    expect(length).toBe(large.length);
  });

  test('a drain loses no request', async () => {
    const { port, servers } = await serveOurs((_head, stream) => new Echo(stream));
    const session = connectNode(port);
    const closed = new Promise((resolve) => session.on('close', resolve));
    const under = askNode(session, { ':path': '/p', ':method': 'POST' }, large);
    await askNode(session, { ':path': '/p' });
    servers[0]?.drain();
    expect((await under).body.length).toBe(large.length);
    await closed;
  });

  test('a tunnel by extended CONNECT', async () => {
    const { port } = await serveOurs((_head, stream) => new Echo(stream));
    const session = connectNode(port);
    await new Promise((resolve) => session.on('remoteSettings', resolve));
    const { status, body } = await askNode(
      session,
      {
        ':method': 'CONNECT',
        ':protocol': 'websocket',
        ':path': '/chat',
        ':authority': 'a',
        ':scheme': 'http',
      },
      Buffer.from('through'),
    );
    expect([status, body.toString()]).toEqual([200, 'through']);
  });
});

describe('our client, node:http2’s server', () => {
  const echoing = async (settings: http2.Settings = {}): Promise<http2.Http2Server> => {
    const server = await serveNode(settings);
    server.on('stream', (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
      stream.on('error', () => {});
      const own = Object.entries(headers).filter(([name]) => name.startsWith('x-'));
      let tail: Record<string, string> = {};
      stream.on('trailers', (trailers: http2.IncomingHttpHeaders) => {
        tail = trailers as Record<string, string>;
      });
      stream.respond({ ':status': 200, ...Object.fromEntries(own) }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers(tail));
      stream.pipe(stream);
    });
    return server;
  };

  test('header fields of any kind, over and over', async () => {
    const client = await connectOurs(portOf(await echoing()));
    await fc.assert(
      fc.asyncProperty(fieldLists, async (lists) => {
        const all = [...lists, ...lists];
        const answers = await Promise.all(
          all.map(
            (fields) => new Asking().send(client, { headers: Headers.of(fields) }, Buffer.alloc(0)).answer,
          ),
        );
        answers.forEach(({ headers }, at) => {
          expect(headers).toMatchObject(all[at] as Record<string, string>);
        });
      }),
      { numRuns: 20 },
    );
  });

  test.each([
    ['by default', {}],
    ['with a small window and no table', { initialWindowSize: 3_000, headerTableSize: 0 }],
    ['with a large window', { initialWindowSize: 10_000_000, headerTableSize: 100_000 }],
  ])('large bodies both ways at once, and trailers, %s', async (_title, settings) => {
    const client = await connectOurs(portOf(await echoing(settings)));
    const answers = await Promise.all(
      [1, 2, 3].map(() => new Asking().send(client, {}, large, Headers.of({ 'x-t': 'end' })).answer),
    );
    for (const { body, trailers } of answers) {
      expect(body.equals(large)).toBe(true);
      expect(trailers).toEqual({ 'x-t': 'end' });
    }
    expect(client.busy).toBe(false);
  });

  test('1,000 requests, 200 at a time; some are given up', async () => {
    const client = await connectOurs(portOf(await echoing()));
    for (let round = 0; round < 5; round++) {
      const answers = Array.from({ length: 200 }, (_, at) => {
        const asking = new Asking().send(client, { path: `/${at}` }, Buffer.alloc(at * 100, 'x'));
        if (at % 10 !== 9) return asking.answer;
        asking.reset();
        return undefined;
      });
      (await Promise.all(answers)).forEach((answer, at) => {
        if (answer !== undefined) expect(answer.body.length).toBe(at * 100);
      });
    }
    expect(client.busy).toBe(false);
  });

  test('informational heads, refused streams, GOAWAY', async () => {
    const server = await serveNode();
    server.on('stream', (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
      stream.on('error', () => {});
      if (headers[':path'] === '/refuse') stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
      else {
        stream.additionalHeaders({ ':status': 103, link: '</a>' });
        stream.respond({ ':status': 200 });
        if (headers[':path'] === '/last') stream.session?.goaway(0, 0x7fffffff);
        stream.end('done');
      }
    });
    const client = await connectOurs(portOf(server));
    const get = { method: 'GET' };
    expect((await new Asking().send(client, get, Buffer.alloc(0)).answer).body.toString()).toBe('done');
    await expect(
      new Asking().send(client, { ...get, path: '/refuse' }, Buffer.alloc(0)).answer,
    ).rejects.toThrow('refused-stream');
    expect(
      (await new Asking().send(client, { ...get, path: '/last' }, Buffer.alloc(0)).answer).body.toString(),
    ).toBe('done');
    expect(client.reusable).toBe(false);
  });
});

test('our client, our server: bodies both ways at once under small windows', async () => {
  const { port, servers } = await serveOurs((_head, stream) => new Echo(stream));
  const client = await connectOurs(port);
  const answers = await Promise.all(
    Array.from(
      { length: 20 },
      () => new Asking().send(client, {}, large.subarray(0, 500_000), Headers.of({ 'x-t': '1' })).answer,
    ),
  );
  for (const { body } of answers) expect(body.length).toBe(500_000);
  expect([client.busy, servers[0]?.busy]).toEqual([false, false]);
});
