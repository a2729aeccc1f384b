import { once } from 'node:events';
import { type ClientHttp2Session, connect, constants, type ServerHttp2Stream } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Engine } from './engine.ts';
import { tcpBackend } from './testing/backend.ts';
import { cleanupAfterEach } from './testing/cleanup.ts';
import { ask } from './testing/client.ts';
import { portOf, startEngine } from './testing/engine.ts';
import { answerOf, type Http2Backend, http2Ask, http2Backend, http2Session } from './testing/http2.ts';
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

const cleanup = cleanupAfterEach();

async function app(...parts: Parameters<typeof http2Backend>): Promise<Http2Backend> {
  const made = await http2Backend(...parts);
  cleanup.push(() => made.close());
  return made;
}

async function session(port: number): Promise<ClientHttp2Session> {
  const made = await http2Session(port);
  cleanup.push(() => made.destroy());
  return made;
}

async function proxy(
  port: number,
  more: {
    readonly action?: Parameters<typeof forward>[1];
    readonly cluster?: Parameters<typeof cluster>[2];
    readonly manager?: Parameters<typeof manager>[1];
  } = {},
): Promise<{ engine: Engine; port: number }> {
  const routes = [
    route(forward('a', more.action), { match: { path: { kind: 'connect' } } }),
    route(forward('a', more.action)),
  ];
  const engine = await startEngine(
    tables({
      listeners: [listener('l', [httpChain(manager(routeTable([host(routes)]), more.manager))])],
      clusters: [cluster('a', [endpoint(port)], { protocol: 'http2', ...more.cluster })],
    }),
  );
  cleanup.push(() => engine.destroy());
  return { engine, port: portOf(engine, 'l') };
}

const ok = (stream: ServerHttp2Stream): void => {
  stream.respond({ ':status': 200 });
  stream.end('ok');
};

/** Holds requests back until it is told to answer. */
function holding(): {
  readonly handle: (stream: ServerHttp2Stream) => void;
  readonly held: ServerHttp2Stream[];
} {
  const held: ServerHttp2Stream[] = [];
  return { held, handle: (stream) => held.push(stream) };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

describe('connections to an HTTP/2 endpoint', () => {
  it('one carries what many clients ask', async () => {
    const server = await app(ok);
    const { port } = await proxy(server.port);
    const clients = await Promise.all([session(port), session(port)]);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => http2Ask(clients[i % 2] as ClientHttp2Session)),
    );
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect((await ask(port)).status).toBe(200);
    expect(server.accepted()).toBe(1);
  });

  it('another is made when its streams are used up, within the breaker', async () => {
    const { held, handle } = holding();
    const server = await app(handle, { maxConcurrentStreams: 2 });
    const limits = { connections: 2, pending: 10, requests: 100, retries: 1 };
    const { engine, port } = await proxy(server.port, {
      cluster: { breakers: { default: limits, high: limits } },
    });
    const client = await session(port);
    const answers = Array.from({ length: 5 }, () => http2Ask(client));
    await until(() => held.length === 4);
    const { breakers } = engine.clusters.get('a') as NonNullable<ReturnType<typeof engine.clusters.get>>;
    expect(breakers.default).toMatchObject({
      connections: { value: 2 },
      pending: { value: 1 },
      requests: { value: 5 },
    });
    for (let i = 0; i < 5; i++) {
      await until(() => held.length > i);
      ok(held[i] as ServerHttp2Stream);
    }
    expect((await Promise.all(answers)).every(({ status }) => status === 200)).toBe(true);
    expect(server.accepted()).toBe(2);
    expect(breakers.default).toMatchObject({ pending: { value: 0 }, requests: { value: 0 } });
  });

  it('a connection that its server takes leave of finishes what it has', async () => {
    const { held, handle } = holding();
    const server = await app(handle);
    const { port } = await proxy(server.port);
    const client = await session(port);
    const first = http2Ask(client);
    await until(() => held.length === 1);
    for (const each of server.sessions) each.goaway(constants.NGHTTP2_NO_ERROR);
    // The GOAWAY is there when the answer to a PING behind it is.
    await new Promise((resolve) => [...server.sessions][0]?.ping(resolve));
    const second = http2Ask(client);
    await until(() => held.length === 2);
    expect(server.accepted()).toBe(2);
    for (const stream of held) ok(stream);
    expect([(await first).status, (await second).status]).toEqual([200, 200]);
  });

  it('a stream that was refused is tried again where the policy says so', async () => {
    let refused = 0;
    const server = await app((stream) => {
      if (refused++ < 2) stream.close(constants.NGHTTP2_REFUSED_STREAM);
      else ok(stream);
    });
    const policy = retry({ retries: 2, on: new Set(['refused-stream']) });
    const { port } = await proxy(server.port, { action: { retry: policy } });
    expect(await http2Ask(await session(port), { method: 'POST', body: 'x' })).toMatchObject({ status: 200 });
  });

  it('a server without SETTINGS is as one that can not be reached', async () => {
    const closing = await tcpBackend((socket) => socket.end());
    cleanup.push(() => closing.close());
    const { port } = await proxy(closing.port);
    const answer = await ask(port);
    expect(answer.status).toBe(503);
    expect(answer.body).toContain('remote connection failure');
  });

  it('requests per connection and its age are bounded', async () => {
    const server = await app(ok);
    const { port } = await proxy(server.port, { cluster: { maxRequestsPerConnection: 2 } });
    const client = await session(port);
    for (let i = 0; i < 5; i++) expect((await http2Ask(client)).status).toBe(200);
    expect(server.accepted()).toBe(3);
  });

  it('a PING shows that a server is gone', async () => {
    const silent = await tcpBackend((socket) => {
      let settled = false;
      socket.on('data', () => {
        // SETTINGS, and never a word again.
        if (!settled) socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]));
        settled = true;
      });
    });
    cleanup.push(() => silent.close());
    const keepalive = { intervalMs: 100, timeoutMs: 100 };
    const { port } = await proxy(silent.port, { cluster: { http2: { keepalive } } });
    expect(await ask(port)).toMatchObject({ status: 503 });
  });
});

describe('connections of HTTP/2 clients', () => {
  it('a client that gives up gives up at the endpoint', async () => {
    const { held, handle } = holding();
    const server = await app(handle);
    const { engine, port } = await proxy(server.port);
    const client = await session(port);
    const stream = client.request({ ':path': '/' });
    stream.on('error', () => {});
    await until(() => held.length === 1);
    stream.close(constants.NGHTTP2_CANCEL);
    const [given] = held;
    if (given?.closed !== true) await once(given as ServerHttp2Stream, 'close');
    expect(given?.rstCode).toBe(constants.NGHTTP2_CANCEL);
    const { breakers } = engine.clusters.get('a') as NonNullable<ReturnType<typeof engine.clusters.get>>;
    expect(breakers.default.requests.value).toBe(0);
  });

  it('draining takes leave in two steps, after what is under way', async () => {
    const { held, handle } = holding();
    const server = await app(handle);
    const { engine, port } = await proxy(server.port);
    const client = await session(port);
    const goaways: number[] = [];
    client.on('goaway', (_code, last) => goaways.push(last));
    const answer = http2Ask(client);
    await until(() => held.length === 1);
    engine.listeners.drainConnections();
    await until(() => goaways.length === 2);
    expect(goaways).toEqual([0x7fffffff, 1]);
    ok(held[0] as ServerHttp2Stream);
    expect((await answer).status).toBe(200);
    if (!client.closed) await once(client, 'close');
  });

  it('requests per connection are bounded', async () => {
    const server = await app(ok);
    const { port } = await proxy(server.port, { manager: { maxRequestsPerConnection: 2 } });
    const client = await session(port);
    expect((await http2Ask(client)).status).toBe(200);
    expect((await http2Ask(client)).status).toBe(200);
    if (!client.closed) await once(client, 'close');
    const socket = await plain(port);
    for (const connection of ['keep-alive', 'close']) {
      socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      let answer = '';
      while (!answer.endsWith('\r\n0\r\n\r\n')) answer += String((await once(socket, 'data'))[0]);
      expect(answer.includes('Connection: close')).toBe(connection === 'close');
    }
  });

  it('an old connection is asked to go', async () => {
    const server = await app(ok);
    const { port } = await proxy(server.port, { manager: { maxConnectionDurationMs: 100 } });
    await Promise.all([once(await session(port), 'close'), once(await plain(port), 'close')]);
  });

  it('the preface is known however it comes', async () => {
    const server = await app(ok);
    const { port } = await proxy(server.port);
    const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1');
    const socket = await plain(port);
    for (let at = 0; at < preface.length; at++) {
      socket.write(preface.subarray(at, at + 1));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const [first] = await once(socket, 'data');
    // SETTINGS.
    expect(first[3]).toBe(4);
    const strict = await proxy(server.port, { manager: { codec: 'http1' } });
    const refused = await plain(strict.port);
    refused.write(preface);
    expect(String((await once(refused, 'data'))[0])).toMatch(/^HTTP\/1.1 400/);
  });

  it('a host of another certificate is misdirected', async () => {
    const server = await app(ok);
    const routes = routeTable([host([route(forward('a'))], { domains: ['a.example'] })]);
    const engine = await startEngine(
      tables({
        listeners: [listener('l', [httpChain(manager(routes))])],
        clusters: [cluster('a', [endpoint(server.port)], { protocol: 'http2' })],
      }),
    );
    cleanup.push(() => engine.destroy());
    const client = await session(portOf(engine, 'l'));
    // In plain text no certificate has promised anything.
    expect((await http2Ask(client, { host: 'b.example' })).status).toBe(404);
    expect((await http2Ask(client, { host: 'a.example' })).status).toBe(200);
  });
});

describe('tunnels over HTTP/2', () => {
  it('CONNECT carries bytes both ways, and its ends', async () => {
    const echo = await tcpBackend((socket) => {
      socket.write('hello ');
      socket.on('data', (chunk) => socket.write(chunk));
      socket.on('end', () => socket.end('bye'));
    });
    cleanup.push(() => echo.close());
    const { port } = await proxy(echo.port, { manager: { upgrades: ['connect'] } });
    const client = await session(port);
    const stream = client.request({ ':method': 'CONNECT', ':authority': 'somewhere:9' });
    const answer = answerOf(stream);
    await once(stream, 'response');
    const big = Buffer.alloc(300_000, 'x');
    stream.write('not http ');
    stream.end(big);
    const { status, body } = await answer;
    expect(status).toBe(200);
    expect(body.toString().replaceAll('x', '')).toBe('hello not http bye');
    expect(body.length).toBe('hello not http bye'.length + big.length);
  });

  it('HTTP of either version in a CONNECT is routed', async () => {
    const server = await app(ok);
    const { port } = await proxy(server.port, { manager: { upgrades: ['connect'] } });
    const client = await session(port);
    const first = client.request({ ':method': 'CONNECT', ':authority': 'a:80' });
    first.on('end', () => first.end());
    first.write('GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect((await answerOf(first)).body.toString()).toMatch(/^HTTP\/1.1 200[\s\S]*ok/);
    const second = client.request({ ':method': 'CONNECT', ':authority': 'a:80' });
    await once(second, 'response');
    const inner = connect('http://a', { createConnection: () => second });
    inner.on('error', () => {});
    cleanup.push(() => inner.destroy());
    expect((await http2Ask(inner)).body.toString()).toBe('ok');
  });

  it('a CONNECT that no route is for is refused', async () => {
    const server = await app(ok);
    const { port } = await proxy(server.port);
    const client = await session(port);
    const stream = client.request({ ':method': 'CONNECT', ':authority': 'a:80' });
    expect((await answerOf(stream)).status).toBe(403);
  });
});

async function plain(port: number): Promise<Socket> {
  const socket = connectTcp(port, '127.0.0.1');
  socket.on('error', () => {});
  cleanup.push(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}
