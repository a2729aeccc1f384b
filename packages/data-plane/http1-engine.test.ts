import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Cluster } from '@tulle/decision/tables/cluster';
import { describe, expect, test } from 'vitest';
import type { StreamInfo } from './http/stream-info.ts';
import { backend, named, tcpBackend } from './testing/backend.ts';
import { cleanupAfterEach } from './testing/cleanup.ts';
import { portOf, startEngine } from './testing/engine.ts';
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

/** HTTP/1.1 as bytes, through the whole engine: what clients and servers may do beyond request and response. */
const cleanup = cleanupAfterEach();

function kept<T extends { close(): Promise<void> }>(made: T): T {
  cleanup.push(() => made.close());
  return made;
}

/** Routes by host name: `a` to the first port, `b` to the second, all else to the first. */
async function serve(a: number, b = a, more: Partial<Cluster> = {}) {
  const ended: StreamInfo[] = [];
  const engine = await startEngine(
    tables({
      listeners: [
        listener('l', [
          httpChain(
            manager(
              routeTable([
                host([route(forward('b'))], { name: 'b', domains: ['b', 'b:*'] }),
                host([route(forward('a'))]),
              ]),
            ),
          ),
        ]),
      ],
      clusters: [cluster('a', [endpoint(a)], more), cluster('b', [endpoint(b)], more)],
    }),
    { observe: { httpLoggers: () => [(info) => void ended.push(info)] } },
  );
  cleanup.push(() => engine.destroy());
  return { engine, port: portOf(engine, 'l'), ended };
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, allowHalfOpen: true });
  socket.on('error', () => {});
  cleanup.push(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** What comes, until it holds `mark`, or until the end. */
function read(socket: Socket, mark?: string): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const onData = (chunk: Buffer): void => {
      text += chunk.toString('latin1');
      if (mark !== undefined && text.includes(mark)) done();
    };
    const done = (): void => {
      socket.off('data', onData);
      socket.off('end', done);
      resolve(text);
    };
    socket.on('data', onData);
    socket.on('end', done);
    socket.resume();
  });
}

/** Answers each connection's first bytes with `reply`. */
const answering = async (reply: string | ((request: string) => string), end = true): Promise<number> => {
  const made = kept(
    await tcpBackend((socket) =>
      socket.once('data', (chunk: Buffer) => {
        const text = typeof reply === 'string' ? reply : reply(chunk.toString('latin1'));
        if (end) socket.end(text);
        else socket.write(text);
      }),
    ),
  );
  return made.port;
};

describe('requests', () => {
  test('pipelined to two servers are answered in their order, whoever is first', async () => {
    const release = Promise.withResolvers<void>();
    const slow = kept(
      await backend(async (_request, response) => {
        await release.promise;
        response.end('slow');
      }),
    );
    const quick = kept(
      await backend((_request, response) => {
        response.end('quick', () => release.resolve());
      }),
    );
    const { port } = await serve(slow.port, quick.port);
    const socket = await open(port);
    socket.write('GET /1 HTTP/1.1\r\nHost: b\r\n\r\n');
    expect(await read(socket, 'quick')).toMatch(/^HTTP\/1\.1 200 /);
    socket.write(
      ['a', 'b', 'a'].map((name) => `GET / HTTP/1.1\r\nHost: ${name}\r\n\r\n`).join('') +
        'GET / HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n',
    );
    const all = await read(socket);
    expect(all.match(/slow|quick/g)).toEqual(['slow', 'quick', 'slow', 'quick']);
    expect(all.match(/HTTP\/1\.1 200 /g)).toHaveLength(4);
  });

  test('in absolute form go by it, not by Host, and arrive in origin form', async () => {
    const [a, b] = [kept(await named('a')), kept(await named('b'))];
    const { port } = await serve(a.port, b.port);
    for (const [target, name, url, authority] of [
      ['http://b/x?y', 'b', '/x?y', 'b'],
      ['HTTP://B:80/', 'b', '/', 'b:80'],
      ['http://b?q', 'b', '/?q', 'b'],
      ['http://a', 'a', '/', 'a'],
    ]) {
      const socket = await open(port);
      socket.write(`GET ${target} HTTP/1.1\r\nHost: elsewhere\r\nConnection: close\r\n\r\n`);
      const answer = await read(socket);
      const seen = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4));
      expect(seen, target).toMatchObject({ name, url });
      expect(String(seen.headers.host).toLowerCase(), target).toBe(authority);
    }
  });

  test('OPTIONS * is no path: as with Envoy no prefix takes it', async () => {
    const app = kept(await named('a'));
    const { port } = await serve(app.port);
    const socket = await open(port);
    socket.write('OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect(await read(socket)).toMatch(/^HTTP\/1\.1 404 /);
  });

  test('with a body in chunks and trailers keep both', async () => {
    let seen = '';
    const port = await answering((request) => {
      seen = request;
      return 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n3\r\nabc\r\n0\r\nx-sum: 3\r\n\r\n';
    });
    const made = await serve(port);
    const socket = await open(made.port);
    socket.write(
      'POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nx-end: 1\r\n\r\n',
    );
    const answer = await read(socket, 'x-sum: 3\r\n\r\n');
    expect(answer).toContain('\r\n3\r\nabc\r\n0\r\nx-sum: 3\r\n\r\n');
    expect(seen).toContain('\r\n2\r\nhi\r\n0\r\nx-end: 1\r\n\r\n');
  });

  test('an upgrade that is not allowed is refused, not passed on', async () => {
    const app = kept(await named('a'));
    const { port } = await serve(app.port);
    const socket = await open(port);
    socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n');
    expect(await read(socket, '\r\n\r\n')).toMatch(/^HTTP\/1\.1 403 /);
    expect(app.count()).toBe(0);
  });
});

describe('Expect: 100-continue', () => {
  const head = 'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n';

  test('the client is told to go on, and its body arrives', async () => {
    const app = kept(await named('a'));
    const { port } = await serve(app.port);
    const socket = await open(port);
    socket.write(head);
    expect(await read(socket, '\r\n\r\n')).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
    socket.write('hi');
    const answer = await read(socket, '"body"');
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toContain('"body":"hi"');
  });

  test('a final answer instead of 100 means: keep it', async () => {
    const port = await answering('HTTP/1.1 417 Expectation Failed\r\ncontent-length: 0\r\n\r\n');
    const made = await serve(port);
    const socket = await open(made.port);
    socket.write(head);
    const answer = await read(socket, '417');
    expect(answer.replace('HTTP/1.1 100 Continue\r\n\r\n', '')).toMatch(/^HTTP\/1\.1 417 /);
  });
});

describe('responses', () => {
  test('103 comes before the answer', async () => {
    const port = await answering(
      'HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
    );
    const made = await serve(port);
    const socket = await open(made.port);
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const answer = await read(socket, '\r\n\r\nok');
    expect(answer).toMatch(/^HTTP\/1\.1 103 [\s\S]*link: <\/a>; rel=preload\r\n[\s\S]*HTTP\/1\.1 200 /);
  });

  test('to HEAD, 204 and 304 have no body, and the connection goes on', async () => {
    const app = kept(
      await backend((request, response) => {
        response.writeHead(Number(request.url?.slice(1)), { 'content-length': '5' });
        response.end();
      }),
    );
    const { port, engine } = await serve(app.port);
    const socket = await open(port);
    for (const [method, status] of [
      ['HEAD', 200],
      ['GET', 304],
      ['HEAD', 404],
    ] as const) {
      socket.write(`${method} /${status} HTTP/1.1\r\nHost: a\r\n\r\n`);
      expect(await read(socket, '\r\n\r\n')).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    }
    expect(engine.clusters.get('a')?.endpoints[0]?.counters.connectionsTotal).toBe(1);
  });

  test('before the request has ended reach the client', async () => {
    const port = await answering(
      'HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\nconnection: close\r\n\r\nno!',
    );
    const made = await serve(port);
    const socket = await open(made.port);
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nbegin');
    expect(await read(socket, 'no!')).toMatch(/^HTTP\/1\.1 413 /);
    await expect.poll(() => made.ended.length).toBe(1);
    expect(made.ended[0]?.status).toBe(413);
    await expect.poll(() => made.engine.clusters.get('a')?.endpoints[0]?.active).toBe(0);
  });
});

describe('HTTP/1.0', () => {
  test('a client gets no chunks and its connection closed', async () => {
    const app = kept(
      await backend((_request, response) => {
        response.write('part');
        response.end('s');
      }),
    );
    const { port } = await serve(app.port);
    const socket = await open(port);
    socket.write('GET / HTTP/1.0\r\nHost: a\r\n\r\n');
    const answer = await read(socket);
    expect(answer.toLowerCase()).not.toContain('transfer-encoding');
    expect(answer).toMatch(/^HTTP\/1\.[01] 200 [\s\S]*\r\n\r\nparts$/);
  });

  test('a client may ask for its connection to be kept', async () => {
    const app = kept(await named('a'));
    const { port } = await serve(app.port);
    const socket = await open(port);
    for (let again = 0; again < 2; again++) {
      socket.write('GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n');
      const answer = (await read(socket, '"body":""}')).toLowerCase();
      expect(answer).toMatch(/^http\/1\.[01] 200 /);
      expect(answer).toContain('connection: keep-alive');
      expect(answer).toContain('content-length: ');
    }
  });

  test('a client that names no host is told so, and nobody is asked', async () => {
    const app = kept(await named('a'));
    const { port, ended } = await serve(app.port);
    const socket = await open(port);
    socket.write('GET / HTTP/1.0\r\n\r\n');
    expect(await read(socket)).toMatch(/^HTTP\/1\.[01] 400 /);
    await expect.poll(() => ended.length).toBe(1);
    expect(ended[0]).toMatchObject({ details: 'missing_host_header', upstreamHost: '' });
  });

  test('a server’s answer that ends with its connection is passed on in chunks', async () => {
    const port = await answering('HTTP/1.0 200 OK\r\ncontent-type: text/plain\r\n\r\nall there is');
    const made = await serve(port);
    const socket = await open(made.port);
    for (let again = 0; again < 2; again++) {
      socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      const answer = await read(socket, '0\r\n\r\n');
      expect(answer).toMatch(/^HTTP\/1\.1 200 [\s\S]*transfer-encoding: chunked/i);
      expect(answer).toContain('all there is');
    }
    const { counters } = made.engine.clusters.get('a')?.endpoints[0] ?? {};
    expect(counters?.connectionsTotal).toBe(2);
  });
});

test('a client that ends its sending while it waits has left, as to Envoy: the request is given up', async () => {
  let gone = 0;
  const app = kept(
    await backend((request) => {
      request.socket.on('close', () => gone++);
    }),
  );
  const { port, ended, engine } = await serve(app.port);
  const socket = await open(port);
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await expect.poll(() => app.count()).toBe(1);
  socket.end();
  await expect.poll(() => ended.length).toBe(1);
  expect(ended[0]?.flags).toEqual(['DC']);
  await expect.poll(() => gone).toBe(1);
  expect(engine.clusters.get('a')?.endpoints[0]?.active).toBe(0);
});
