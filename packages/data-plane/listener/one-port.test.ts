import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { FilterChain, Listener } from '@tulle/decision/tables/listener';
import { type TestAuthority, testAuthority } from '@tulle/xds/test-authority.fixture';
import { beforeAll, describe, expect, test } from 'vitest';
import { named, tcpBackend } from '../testing/backend.ts';
import { cleanupAfterEach } from '../testing/cleanup.ts';
import { ask } from '../testing/client.ts';
import { closed } from '../testing/closed.ts';
import { portOf, startEngine } from '../testing/engine.ts';
import { identityFor, meshed, mtlsInbound, mtlsOutbound } from '../testing/mesh.ts';
import {
  chain,
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
} from '../testing/tables.ts';
import { VirtualClock } from '../timers/virtual-clock.fixture.ts';
import { TimerWheel } from '../timers/wheel.ts';

let authority: TestAuthority;
beforeAll(async () => {
  authority = await testAuthority();
});

const cleanup = cleanupAfterEach();

const meshHttp = ['istio-http/1.1', 'istio-h2'];
const bytes = (name: string, to: string, match: Partial<FilterChain['match']>, tls = false): FilterChain =>
  chain(
    {
      kind: 'tcp',
      proxy: {
        statPrefix: to,
        clusters: forward(to).clusters,
        idleTimeoutMs: 0,
        maxConnectAttempts: 1,
        accessLogs: [],
      },
    },
    {
      name,
      match: { serverNames: [], transportProtocol: '', applicationProtocols: [], ...match },
      ...(tls && { tls: { ...mtlsInbound, alpn: ['istio'] } }),
    },
  );
const http = (name: string, match: Partial<FilterChain['match']>, tls = false): FilterChain =>
  httpChain(manager(routeTable([host([route(forward('http'))])])), {
    name,
    match: { serverNames: [], transportProtocol: '', applicationProtocols: [], ...match },
    ...(tls && { tls: { ...mtlsInbound, alpn: [...meshHttp, 'istio'] } }),
  });

/** As compile makes them of a PERMISSIVE port that does not say its protocol. */
const permissive: readonly FilterChain[] = [
  http('http-mtls', { transportProtocol: 'tls', applicationProtocols: meshHttp }, true),
  bytes('tcp-mtls', 'tcp', { transportProtocol: 'tls', applicationProtocols: ['istio'] }, true),
  bytes('tls-passthrough', 'tcp', { transportProtocol: 'tls' }),
  http('http-plain', { transportProtocol: 'raw_buffer', applicationProtocols: ['http/1.1', 'h2c'] }),
  bytes('tcp-plain', 'tcp', { transportProtocol: 'raw_buffer' }),
];
const detecting: Partial<Listener> = {
  direction: 'inbound',
  inspectTls: true,
  inspectHttp: true,
  inspectTimeoutMs: 100,
  continueOnInspectTimeout: true,
};

/** A server of `chains` whose HTTP goes to one application and whose bytes go to another. */
async function server(
  chains: readonly FilterChain[],
  serve: (socket: Socket) => void,
  more: Partial<Listener> = {},
) {
  const clock = new VirtualClock();
  const wheel = new TimerWheel({ clock });
  const app = await named('http');
  const other = await tcpBackend(serve);
  const refused: string[] = [];
  const engine = await startEngine(
    tables({
      listeners: [listener('l', chains, { ...detecting, ...more })],
      clusters: [cluster('http', [endpoint(app.port)]), cluster('tcp', [endpoint(other.port)])],
    }),
    { wheel, onRefused: (...why) => void refused.push(why.join(': ')) },
  );
  engine.setIdentity(await identityFor(authority, 'server'));
  cleanup.push(
    () => app.close(),
    () => other.close(),
    () => engine.destroy(),
  );
  return { port: portOf(engine, 'l'), clock, wheel, engine, app, refused };
}

/** A sidecar whose cluster is `port`, over mTLS with the ALPN of a port that does not say its protocol. */
async function meshClient(port: number) {
  const tls = { ...mtlsOutbound('server'), alpn: [...meshHttp, 'istio'] };
  const engine = await startEngine(
    tables({
      listeners: [listener('http', [http('h', {})]), listener('tcp', [bytes('t', 'http', {})])],
      clusters: [
        cluster('http', [meshed(port, 'server')], { tlsMatches: [{ match: { tlsMode: 'istio' }, tls }] }),
      ],
    }),
  );
  engine.setIdentity(await identityFor(authority, 'client'));
  cleanup.push(() => engine.destroy());
  return { http: portOf(engine, 'http'), tcp: portOf(engine, 'tcp') };
}

const echo = (socket: Socket): unknown => socket.pipe(socket);
const greet = (socket: Socket): unknown => socket.write('220 hello\r\n');

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  cleanup.push(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}
const said = async (socket: Socket): Promise<string> => String((await once(socket, 'data'))[0]);

describe('a PERMISSIVE port that does not say its protocol', () => {
  test('HTTP/1.1 in plain text', async () => {
    const { port, app } = await server(permissive, echo);
    expect((await ask(port)).status).toBe(200);
    expect(app.count()).toBe(1);
  });

  test('HTTP/2 in plain text', async () => {
    const { port, app } = await server(permissive, echo);
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    cleanup.push(() => session.destroy());
    const [headers] = (await once(session.request({ ':path': '/' }), 'response')) as [
      Record<string, unknown>,
    ];
    expect(headers[':status']).toBe(200);
    expect(app.count()).toBe(1);
  });

  test('bytes that are no HTTP', async () => {
    const { port } = await server(permissive, echo);
    const socket = await open(port);
    socket.write('*1\r\n$4\r\nPING\r\n');
    expect(await said(socket)).toBe('*1\r\n$4\r\nPING\r\n');
  });

  test('HTTP and bytes of the mesh, over mTLS', async () => {
    const { port, app } = await server(permissive, greet);
    const client = await meshClient(port);
    expect((await ask(client.http)).status).toBe(200);
    expect(app.count()).toBe(1);
    // Nobody waits for the client's first byte: its ClientHello was that.
    expect(await said(await open(client.tcp))).toBe('220 hello\r\n');
  });

  test('TLS of the application’s own passes as it is', async () => {
    const seen: Buffer[] = [];
    const { port } = await server(permissive, (socket) =>
      socket.on('data', (chunk: Buffer) => seen.push(chunk)),
    );
    const tls: TLSSocket = connectTls({ port, host: '127.0.0.1', servername: 'app.test' });
    tls.on('error', () => {});
    cleanup.push(() => tls.destroy());
    await expect.poll(() => Buffer.concat(seen).includes('app.test')).toBe(true);
  });

  test('a mesh client with a certificate of strangers gets nothing, over either chain', async () => {
    const strangers = await testAuthority();
    let called = 0;
    const { port, engine, app } = await server(permissive, () => called++);
    const { chainPem, keyPem } = await identityFor(strangers, 'client');
    for (const protocol of ['istio', 'istio-http/1.1']) {
      const socket = connectTls({
        port,
        host: '127.0.0.1',
        ALPNProtocols: [protocol],
        key: keyPem,
        cert: chainPem,
        rejectUnauthorized: false,
      });
      await closed(socket);
    }
    expect(called + app.count()).toBe(0);
    expect(engine.listeners.connections).toBe(0);
  });
});

describe('a server that speaks first', () => {
  test('says nothing to a silent client before TLS is excluded by time', async () => {
    let called = 0;
    const { port, clock, wheel } = await server(permissive, (socket) => {
      called++;
      greet(socket);
    });
    const socket = await open(port);
    await expect.poll(() => wheel.armed).toBe(1);
    clock.advance(49);
    expect([called, socket.bytesRead]).toEqual([0, 0]);
    clock.advance(51);
    expect(await said(socket)).toBe('220 hello\r\n');
    expect(clock.now()).toBe(100);
  });

  test('or by the client’s first byte', async () => {
    const { port, clock } = await server(permissive, greet);
    const socket = await open(port);
    socket.write('\0');
    expect(await said(socket)).toBe('220 hello\r\n');
    expect(clock.now()).toBe(0);
  });

  test('waits for nobody where there is no choice: STRICT', async () => {
    const strict = permissive.slice(0, 2);
    const { port, clock } = await server(strict, greet);
    const client = await meshClient(port);
    expect(await said(await open(client.tcp))).toBe('220 hello\r\n');
    const plain = await open(port);
    plain.write('hello?');
    await closed(plain);
    expect(plain.bytesRead).toBe(0);
    expect(clock.now()).toBe(0);
  });

  test('nor where the port has said that it is TCP, and takes plain text only', async () => {
    const { port, clock } = await server([bytes('t', 'tcp', {})], greet, {
      inspectTls: false,
      inspectHttp: false,
    });
    expect(await said(await open(port))).toBe('220 hello\r\n');
    expect(clock.now()).toBe(0);
  });
});

test('who speaks what no chain takes is closed, and the log says why', async () => {
  const tls = { transportProtocol: 'tls', serverNames: ['a.test'] } as const;
  const keyless: FilterChain = {
    ...http('keyless', { ...tls, serverNames: ['b.test'] }),
    tls: { ...mtlsInbound, certificateSecrets: ['shop'] },
  };
  const { port, refused } = await server([http('strict', tls, true), keyless], () => {});
  const plain = connect(port, '127.0.0.1', () => plain.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'));
  await closed(plain);
  await closed(connectTls({ port, servername: 'c.test', rejectUnauthorized: false }));
  await closed(connectTls({ port, rejectUnauthorized: false }));
  await closed(connectTls({ port, servername: 'b.test', rejectUnauthorized: false }));
  expect(refused).toEqual([
    'l: plain text is not served here',
    'l: TLS for "c.test" is not served here',
    'l: TLS without a server name is not served here',
    'l: the secret shop is not available',
  ]);
});
