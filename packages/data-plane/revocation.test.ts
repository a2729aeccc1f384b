/** Trust moves from one root to another while connections are open. */
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import type { SecretTable } from '@tulle/decision/tables/secret';
import type { Tables } from '@tulle/decision/tables/tables';
import { type TestAuthority, type TestLeaf, testAuthority } from '@tulle/xds/test-authority.fixture';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Engine } from './engine.ts';
import { named } from './testing/backend.ts';
import { ask } from './testing/client.ts';
import { closed } from './testing/closed.ts';
import { portOf, startEngine } from './testing/engine.ts';
import { identityFor, mtlsInbound, mtlsOutbound, uriOf } from './testing/mesh.ts';
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

let staying: TestAuthority;
let leaving: TestAuthority;
let engine: Engine;
const cleanup: (() => unknown)[] = [];

beforeAll(async () => {
  [staying, leaving] = await Promise.all([
    testAuthority({ name: 'staying' }),
    testAuthority({ name: 'leaving' }),
  ]);
});
beforeEach(async () => {
  engine = await startEngine(tables({}));
  cleanup.push(() => engine.destroy());
  engine.setIdentity(await identityFor(staying, 'server'));
});
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

const believing = (...roots: TestAuthority[]): Tables['secrets'] =>
  new Map<string, SecretTable>([
    ['ROOTCA', { kind: 'roots', pem: roots.map(({ rootPem }) => rootPem).join('') }],
  ]);
const routed = (to: string) => manager(routeTable([host([route(forward(to))])]));

describe('a client', () => {
  const inbound = httpChain(routed('app'), { tls: { ...mtlsInbound, alpn: ['h2', 'http/1.1'] } });
  /** The same chain, for others. */
  const changed = httpChain(routed('app'), {
    tls: {
      ...mtlsInbound,
      validation: { rootsSecret: 'ROOTCA', subjectAltNames: [(uri) => uri === uriOf('other')] },
    },
  });
  let appPort: number;
  const serving = (chain: typeof inbound, ...roots: TestAuthority[]): Tables =>
    tables({
      listeners: [listener('in', [chain], { direction: 'inbound' })],
      clusters: [cluster('app', [endpoint(appPort)])],
      secrets: believing(...roots),
    });

  beforeEach(async () => {
    const app = await named('app');
    cleanup.push(() => app.close());
    appPort = app.port;
    await engine.apply(serving(inbound, staying, leaving));
  });

  const dial = async (authority: TestAuthority): Promise<Caller> =>
    dialWith(await (await authority.intermediate()).issue({ uris: [uriOf('caller')] }));

  function dialWith(leaf: TestLeaf): Caller {
    const socket = connect({
      host: '127.0.0.1',
      port: portOf(engine, 'in'),
      cert: leaf.chainPem,
      key: leaf.keyPem,
      rejectUnauthorized: false,
    });
    cleanup.push(() => socket.destroy());
    return new Caller(socket);
  }

  test('of a root that leaves is let go, others stay', async () => {
    const [stays, idle, busy] = [await dial(staying), await dial(leaving), await dial(leaving)];
    for (const caller of [stays, idle, busy]) expect(await caller.get()).toContain('200 OK');
    const under = busy.begin();
    await expect.poll(() => engine.clusters.get('app')?.endpoints[0]?.active).toBe(1);
    await engine.apply(serving(inbound, staying));
    await idle.closed;
    expect(await under()).toMatch(/connection: close/i);
    await busy.closed;
    expect(await stays.get()).not.toMatch(/connection: close/i);
    expect(engine.trusted.size).toBe(1);
    expect(engine.trusted.revoked).toBe(2);
  });

  test('of HTTP/2 hears GOAWAY, and its streams end in order', async () => {
    const leaf = await leaving.issue({ uris: [uriOf('caller')] });
    const session = connectHttp2(`https://127.0.0.1:${portOf(engine, 'in')}`, {
      cert: leaf.chainPem,
      key: leaf.keyPem,
      rejectUnauthorized: false,
      // An address is no server name (RFC 6066 section 3).
      servername: '',
    });
    cleanup.push(() => session.destroy());
    const stream = session.request({ ':path': '/', ':method': 'POST', ':authority': 'app' });
    stream.write('1');
    await expect.poll(() => engine.clusters.get('app')?.endpoints[0]?.active).toBe(1);
    const away = once(session, 'goaway');
    await engine.apply(serving(inbound, staying));
    await away;
    stream.end('2');
    const [headers] = (await once(stream, 'response')) as [{ ':status'?: number }];
    expect(headers[':status']).toBe(200);
    stream.resume();
    await once(session, 'close');
  });

  test('stays while roots only come', async () => {
    const caller = await dial(staying);
    await caller.get();
    await engine.apply(serving(inbound, staying, leaving, await testAuthority()));
    expect(await caller.get()).not.toMatch(/connection: close/i);
  });

  test('whose certificate is revoked is let go, though its root stays', async () => {
    const [stays, goes] = await Promise.all(
      ['stays', 'goes'].map(() => leaving.issue({ uris: [uriOf('caller')] })),
    );
    const [staying, going] = [await dialWith(stays as TestLeaf), await dialWith(goes as TestLeaf)];
    for (const caller of [staying, going]) expect(await caller.get()).toContain('200 OK');
    const under = going.begin();
    await expect.poll(() => engine.clusters.get('app')?.endpoints[0]?.active).toBe(1);
    const crlPem = await leaving.revoke(goes as TestLeaf);
    const secrets = new Map<string, SecretTable>([
      ['ROOTCA', { kind: 'roots', pem: leaving.rootPem, crlPem }],
    ]);
    await engine.apply({ ...serving(inbound, leaving), secrets });
    expect(await under()).toMatch(/connection: close/i);
    await going.closed;
    expect(await staying.get()).not.toMatch(/connection: close/i);
    expect(engine.trusted.revoked).toBe(1);
  });

  test('whose name is no longer accepted is let go', async () => {
    const caller = await dial(staying);
    await caller.get();
    await engine.apply(serving(changed, staying, leaving));
    await caller.closed;
  });
});

describe('a server', () => {
  const serverOf = async (authority: TestAuthority): Promise<{ port: number; sockets: TLSSocket[] }> => {
    const leaf = await authority.issue({ uris: [uriOf('server')] });
    const sockets: TLSSocket[] = [];
    const server: Server = createServer({ cert: leaf.chainPem, key: leaf.keyPem });
    server.on('secureConnection', (socket: TLSSocket) => {
      sockets.push(socket);
      socket.on('error', () => {});
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'));
    });
    server.on('tlsClientError', () => {});
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanup.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return { port: (server.address() as AddressInfo).port, sockets };
  };

  test('of a root that leaves gets no more requests, others keep their connections', async () => {
    const stays = await serverOf(staying);
    const leaves = await serverOf(leaving);
    const tls = mtlsOutbound('server');
    const calling = (...roots: TestAuthority[]): Tables =>
      tables({
        listeners: ['stays', 'leaves'].map((name) => listener(name, [httpChain(routed(name))])),
        clusters: [
          cluster('stays', [endpoint(stays.port)], { tls }),
          cluster('leaves', [endpoint(leaves.port)], { tls }),
        ],
        secrets: believing(...roots),
      });
    await engine.apply(calling(staying, leaving));
    for (const name of ['stays', 'leaves']) expect((await ask(portOf(engine, name))).status).toBe(200);
    const gone = closed(leaves.sockets[0] as TLSSocket);
    await engine.apply(calling(staying));
    await gone;
    expect((await ask(portOf(engine, 'leaves'))).body).toContain('TLS_error');
    expect((await ask(portOf(engine, 'stays'))).status).toBe(200);
    expect(stays.sockets).toHaveLength(1);
  });
});

/** A client that keeps its connection. */
class Caller {
  readonly #socket: TLSSocket;
  readonly closed: Promise<unknown>;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => socket.once('close', resolve));
  }

  async get(): Promise<string> {
    this.#socket.write('GET / HTTP/1.1\r\nhost: app\r\n\r\n');
    return String((await once(this.#socket, 'data'))[0]);
  }

  /** Sends half of a request; what it returns sends the rest. */
  begin(): () => Promise<string> {
    this.#socket.write('POST / HTTP/1.1\r\nhost: app\r\ncontent-length: 2\r\n\r\n1');
    return async () => {
      this.#socket.write('2');
      return String((await once(this.#socket, 'data'))[0]);
    };
  }
}
