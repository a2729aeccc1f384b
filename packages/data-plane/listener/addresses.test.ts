import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Endpoint } from '@tulle/decision/tables/endpoint';
import type { Listener } from '@tulle/decision/tables/listener';
import type { TcpProxy } from '@tulle/decision/tables/tcp-proxy';
import { describe, expect, test } from 'vitest';
import type { Engine } from '../engine.ts';
import type { StreamInfo } from '../http/stream-info.ts';
import type { ConnectionAddresses } from '../net/addresses.ts';
import { readProxyHeader, writeProxyHeader } from '../net/proxy-protocol/proxy-header.ts';
import { named, tcpBackend } from '../testing/backend.ts';
import { cleanupAfterEach } from '../testing/cleanup.ts';
import { closed } from '../testing/closed.ts';
import { portOf, startEngine } from '../testing/engine.ts';
import {
  chain,
  cluster,
  edgeRules,
  endpoint,
  forward,
  host,
  httpChain,
  listener,
  manager,
  route,
  routeTable,
  tables,
} from '../testing/tables.ts';

const cleanup = cleanupAfterEach();

const tcp = (more: Partial<TcpProxy> = {}) =>
  chain({
    kind: 'tcp',
    proxy: {
      statPrefix: 't',
      clusters: forward('a').clusters,
      idleTimeoutMs: 0,
      maxConnectAttempts: 1,
      accessLogs: [],
      ...more,
    },
  });
const http = () => httpChain(manager(routeTable([host([route(forward('a'))])])));

/** An engine with one listener and one cluster, and what its log would say. */
async function serve(
  chains: Listener['filterChains'],
  to: Endpoint,
  more: { readonly listener?: Partial<Listener>; readonly cluster?: Parameters<typeof cluster>[2] } = {},
): Promise<{ engine: Engine; port: number; ended: StreamInfo[] }> {
  const ended: StreamInfo[] = [];
  const log = (info: StreamInfo) => void ended.push(info);
  const engine = await startEngine(
    tables({
      listeners: [listener('l', chains, more.listener)],
      clusters: [cluster('a', [to], more.cluster)],
    }),
    { observe: { httpLoggers: () => [log], tcpLoggers: () => [log] } },
  );
  cleanup.push(() => engine.destroy());
  return { engine, port: portOf(engine, 'l'), ended };
}

/** All that comes until the other side ends. */
async function readAll(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise((resolve) => socket.once('end', resolve));
  await Promise.race([ended, closed(socket)]);
  return Buffer.concat(chunks).toString('latin1');
}

async function open(where: { host?: string; port: number } | { path: string }): Promise<Socket> {
  const socket = connect(where);
  socket.on('error', () => {});
  cleanup.push(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

const plainRequest = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
const client: ConnectionAddresses = {
  remoteAddress: '192.0.2.1',
  remotePort: 1234,
  localAddress: '198.51.100.2',
  localPort: 443,
};
const believed = { versions: ['v1', 'v2'], optional: false } as const;

describe('a PROXY header on the way in', () => {
  test.each(['v1', 'v2'] as const)('%s: its addresses are those of the connection', async (version) => {
    const app = await named('app');
    cleanup.push(() => app.close());
    const { port, ended } = await serve([http()], endpoint(app.port), {
      listener: { proxyProtocol: believed },
    });
    const socket = await open({ port });
    socket.write(Buffer.concat([writeProxyHeader(version, client), Buffer.from(plainRequest)]));
    expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 200 /);
    expect(ended[0]?.connection).toMatchObject(client);
  });

  test('they are what the application hears of, at an edge', async () => {
    const app = await named('app');
    cleanup.push(() => app.close());
    const routes = routeTable([host([route(forward('a'))])]);
    const rules = edgeRules();
    const edge = { ...rules, client: { ...rules.client, useRemoteAddress: true } };
    const { port } = await serve([httpChain(manager(routes, { edge }))], endpoint(app.port), {
      listener: { proxyProtocol: believed },
    });
    const socket = await open({ port });
    socket.write(Buffer.concat([writeProxyHeader('v2', client), Buffer.from(plainRequest)]));
    expect(await readAll(socket)).toContain('"x-forwarded-for":"192.0.2.1"');
  });

  test('split at each byte, before bytes that are inspected', async () => {
    const app = await named('app');
    cleanup.push(() => app.close());
    const { port, ended } = await serve([http()], endpoint(app.port), {
      listener: { proxyProtocol: believed, inspectHttp: true },
    });
    const socket = await open({ port });
    socket.setNoDelay(true);
    for (const byte of [...writeProxyHeader('v2', client), ...Buffer.from(plainRequest)]) {
      socket.write(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 200 /);
    expect(ended[0]?.connection).toMatchObject(client);
  });

  test('LOCAL: the connection is what it is', async () => {
    const app = await named('app');
    cleanup.push(() => app.close());
    const { port, ended } = await serve([http()], endpoint(app.port), {
      listener: { proxyProtocol: believed },
    });
    const socket = await open({ port });
    socket.write(Buffer.concat([writeProxyHeader('v2', undefined), Buffer.from(plainRequest)]));
    await readAll(socket);
    expect(ended[0]?.connection).toMatchObject({ remoteAddress: '127.0.0.1', localPort: port });
  });

  test('missing, malformed, cut short or of a version that is not taken: closed and counted', async () => {
    const { port, engine } = await serve([http()], endpoint(1), {
      listener: { proxyProtocol: { versions: ['v2'], optional: false } },
    });
    const wrong = [
      plainRequest,
      'PROXY TCP4 1.1.1.1 nobody 1 2\r\n',
      writeProxyHeader('v1', client),
      writeProxyHeader('v2', client).subarray(0, 20),
    ];
    for (const bytes of wrong) {
      const socket = await open({ port });
      socket.end(bytes);
      expect(await readAll(socket)).toBe('');
    }
    expect(engine.listeners.get('l')?.proxyHeaderErrors).toBe(wrong.length);
  });

  test('optional: without one it is a connection like any', async () => {
    const app = await named('app');
    cleanup.push(() => app.close());
    const { port, ended } = await serve([http()], endpoint(app.port), {
      listener: { proxyProtocol: { ...believed, optional: true } },
    });
    const socket = await open({ port });
    socket.write(plainRequest);
    expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 200 /);
    expect(ended[0]?.connection.remoteAddress).toBe('127.0.0.1');
  });

  test('where none is asked for, none is believed', async () => {
    const app = await named('app');
    cleanup.push(() => app.close());
    const { port } = await serve([http()], endpoint(app.port));
    const socket = await open({ port });
    socket.write(Buffer.concat([writeProxyHeader('v1', client), Buffer.from(plainRequest)]));
    expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe('a PROXY header on the way out', () => {
  /** Answers each connection with the header that it began with. */
  async function echo() {
    const headers: unknown[] = [];
    const server = await tcpBackend((socket) =>
      socket.once('data', (chunk: Buffer) => {
        const header = readProxyHeader(chunk);
        headers.push(typeof header === 'string' ? header : header.addresses);
        const rest = typeof header === 'string' ? '' : chunk.subarray(header.length).toString();
        socket.end(rest.startsWith('GET') ? 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n' : rest);
      }),
    );
    cleanup.push(() => server.close());
    return { port: server.port, headers };
  }

  test.each(['v1', 'v2'] as const)('%s: TCP, of a client that came with one itself', async (version) => {
    const server = await echo();
    const { port } = await serve([tcp()], endpoint(server.port), {
      listener: { proxyProtocol: believed },
      cluster: { proxyProtocol: version },
    });
    const socket = await open({ port });
    socket.write(Buffer.concat([writeProxyHeader('v2', client), Buffer.from('ping')]));
    expect(await readAll(socket)).toBe('ping');
    expect(server.headers).toEqual([client]);
  });

  test('HTTP: connections are not shared between clients', async () => {
    const headers: (ConnectionAddresses | undefined)[] = [];
    const server = await tcpBackend((socket) => {
      let first = true;
      socket.on('data', (chunk: Buffer) => {
        const header = first ? readProxyHeader(chunk) : 'none';
        if (typeof header === 'object') headers.push(header.addresses);
        first = false;
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
      });
    });
    cleanup.push(() => server.close());
    const { port } = await serve([http()], endpoint(server.port), { cluster: { proxyProtocol: 'v1' } });
    const ports: (number | undefined)[] = [];
    for (let i = 0; i < 2; i++) {
      const socket = await open({ port });
      ports.push((socket.address() as AddressInfo).port);
      for (let again = 0; again < 3; again++) {
        socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
        expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 200 /);
      }
    }
    expect(headers.map((each) => each?.remotePort)).toEqual(ports);
  });
});

describe('Unix sockets', () => {
  const socketPath = (): string => {
    const folder = mkdtempSync(join(tmpdir(), 'tulle-socket-'));
    cleanup.push(() => rmSync(folder, { recursive: true, force: true }));
    return join(folder, 's');
  };

  test('as listener and as upstream, HTTP and TCP', async () => {
    const path = socketPath();
    const server = createServer((socket) => socket.pipe(socket)).listen(path);
    await once(server, 'listening');
    cleanup.push(() => new Promise((resolve) => server.close(resolve)));
    const own = socketPath();
    const { ended } = await serve([tcp()], endpoint(0, { address: path }), {
      listener: { address: own, socketMode: 0o600 },
    });
    const socket = await open({ path: own });
    socket.end('there and back');
    expect(await readAll(socket)).toBe('there and back');
    await expect.poll(() => ended.length).toBe(1);
    expect(ended[0]).toMatchObject({ upstreamHost: path, connection: { localAddress: own, localPort: 0 } });
  });

  test('a client that leaves before the answer takes its upstream along, and nobody else', async () => {
    const path = socketPath();
    const asked = Promise.withResolvers<Socket>();
    const server = createServer((socket) => socket.once('data', () => asked.resolve(socket))).listen(path);
    await once(server, 'listening');
    cleanup.push(() => new Promise((resolve) => server.close(resolve)));
    const { port } = await serve([http()], endpoint(0, { address: path }));
    const client = await open({ port });
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const upstream = await asked.promise;
    const closed = once(upstream, 'close');
    client.destroy();
    await closed;
  });

  test('a path that a request names is a host like any, not a socket', async () => {
    const path = socketPath();
    let called = 0;
    const server = createServer(() => called++).listen(path);
    await once(server, 'listening');
    cleanup.push(() => new Promise((resolve) => server.close(resolve)));
    const { port } = await serve([http()], endpoint(1), {
      cluster: { discovery: { kind: 'dynamic-forward-proxy' }, balancer: { kind: 'cluster-provided' } },
    });
    for (const name of [path, `@${path}`, `${path}:80`]) {
      const socket = await open({ port });
      socket.write(`GET / HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`);
      expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 (?:400|503) /);
    }
    expect(called).toBe(0);
  });
});

describe('IPv6', () => {
  test('listener, upstream, [::1] as host, addresses in the log', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', (chunk: Buffer) =>
        socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${chunk.length}\r\n\r\n${chunk}`),
      );
    }).listen(0, '::1');
    await once(server, 'listening');
    cleanup.push(() => new Promise((resolve) => server.close(resolve)));
    const { port: upstream } = server.address() as AddressInfo;
    for (const more of [
      {},
      {
        cluster: {
          discovery: { kind: 'dynamic-forward-proxy' },
          balancer: { kind: 'cluster-provided' },
        } as const,
      },
    ]) {
      const { port, ended } = await serve([http()], endpoint(upstream, { address: '::1' }), {
        listener: { address: '::' },
        ...more,
      });
      const status = await new Promise((resolve, reject) =>
        request({ host: '::1', port, headers: { host: `[::1]:${upstream}` }, agent: false }, (response) =>
          resolve(response.resume().statusCode),
        )
          .on('error', reject)
          .end(),
      );
      expect(status).toBe(200);
      await expect.poll(() => ended.length).toBe(1);
      expect(ended[0]).toMatchObject({
        upstreamHost: `[::1]:${upstream}`,
        authority: `[::1]:${upstream}`,
        connection: { remoteAddress: '::1', localAddress: '::1' },
      });
      expect(ended[0]?.upstreamLocalAddress).toMatch(/^\[::1\]:\d+$/);
    }
  });
});
