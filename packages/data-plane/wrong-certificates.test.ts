/**
 * Every wrong certificate on every way in and out: shown to a STRICT port, to a PERMISSIVE one (which serves
 * plain text too, and must not take a failed handshake for it), and by a server that our client calls.
 */

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';
import type { FilterChain } from '@tulle/decision/tables/listener';
import type { DownstreamTls } from '@tulle/decision/tables/tls';
import {
  clientAuth,
  keyUsage,
  type LeafRequest,
  selfSigned,
  serverAuth,
  type TestAuthority,
  type TestLeaf,
  testAuthority,
} from '@tulle/xds/test-authority.fixture';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from './engine.ts';
import { named } from './testing/backend.ts';
import { ask } from './testing/client.ts';
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

type Shown = TestLeaf | undefined;

interface Row {
  readonly name: string;
  /** What a peer shows whose right URI would be `uri`. */
  readonly shows: (uri: string) => Promise<Shown>;
  /** Only clients, or only servers, are wrong with it. */
  readonly side?: 'client' | 'server';
}

const minute = 60_000;
const past = { notBefore: Date.now() - 20 * minute, notAfter: Date.now() - minute };
const future = { notBefore: Date.now() + 10 * minute, notAfter: Date.now() + 20 * minute };

let mesh: TestAuthority;
let other: TestAuthority;
let removed: TestAuthority;

const issued =
  (leaf: (uri: string) => LeafRequest, by: () => TestAuthority = () => mesh) =>
  (uri: string): Promise<Shown> =>
    by().issue(leaf(uri));

const rows: readonly Row[] = [
  { name: 'none', shows: async () => undefined, side: 'client' },
  { name: 'an expired one', shows: issued((uri) => ({ uris: [uri], ...past })) },
  { name: 'one that is not valid yet', shows: issued((uri) => ({ uris: [uri], ...future })) },
  {
    name: 'one of another authority of the same name',
    shows: issued(
      (uri) => ({ uris: [uri] }),
      () => other,
    ),
  },
  {
    name: 'one of a root that has left the bundle',
    shows: issued(
      (uri) => ({ uris: [uri] }),
      () => removed,
    ),
  },
  { name: 'one that it has signed itself', shows: (uri) => selfSigned({ uris: [uri] }) },
  {
    name: 'one of an intermediate that has expired',
    shows: async (uri) => (await mesh.intermediate(past)).issue({ uris: [uri] }),
  },
  {
    name: 'one that was signed by a leaf',
    shows: async (uri) => (await mesh.intermediate({ isAuthority: false })).issue({ uris: [uri] }),
  },
  {
    name: 'one whose intermediate is not shown',
    shows: async (uri) => {
      const { chainPem, keyPem } = await (await mesh.intermediate()).issue({ uris: [uri] });
      return {
        chainPem: `${chainPem.split('-----END CERTIFICATE-----')[0]}-----END CERTIFICATE-----\n`,
        keyPem,
      };
    },
  },
  { name: 'one without a URI', shows: issued(() => ({ dnsNames: ['server'] })) },
  { name: 'one with a URI of the web', shows: issued(() => ({ uris: ['https://cluster.local/'] })) },
  { name: 'one with two URIs', shows: issued((uri) => ({ uris: [uri, uriOf('admin')] })) },
  { name: 'one with another URI first', shows: issued((uri) => ({ uris: ['https://x.test/', uri] })) },
  {
    name: 'one of another trust domain under our root',
    shows: issued((uri) => ({ uris: [uri.replace('cluster.local', 'else.test')] })),
  },
  {
    name: 'one whose trust domain only begins like ours',
    shows: issued((uri) => ({ uris: [uri.replace('cluster.local', 'cluster.local.evil')] })),
  },
  { name: 'one in capitals', shows: issued((uri) => ({ uris: [uri.replace('spiffe', 'SPIFFE')] })) },
  { name: 'one with a query', shows: issued((uri) => ({ uris: [`${uri}?x=1`] })) },
  {
    name: 'one with dots in its path',
    shows: issued((uri) => ({ uris: [uri.replace('/ns/', '/ns/../ns/')] })),
  },
  {
    name: 'one with a port',
    shows: issued((uri) => ({ uris: [uri.replace('cluster.local', 'cluster.local:1')] })),
  },
  {
    name: 'one whose name imitates two',
    shows: issued((uri) => ({ uris: [`${uri},URI:${uriOf('admin')}`] })),
  },
  { name: 'the certificate of an authority', shows: issued((uri) => ({ uris: [uri], isAuthority: true })) },
  {
    name: 'one that may only sign others',
    shows: issued((uri) => ({ uris: [uri], keyUsages: keyUsage.keyCertSign })),
  },
  {
    name: 'one that may sign others too',
    shows: issued((uri) => ({ uris: [uri], keyUsages: keyUsage.digitalSignature | keyUsage.keyCertSign })),
  },
  {
    name: 'one with an unknown critical extension',
    shows: issued((uri) => ({ uris: [uri], unknownExtension: true })),
  },
  {
    name: 'one for servers only',
    shows: issued((uri) => ({ uris: [uri], extendedKeyUsages: [serverAuth] })),
    side: 'client',
  },
  {
    name: 'one for clients only',
    shows: issued((uri) => ({ uris: [uri], extendedKeyUsages: [clientAuth] })),
    side: 'server',
  },
  { name: 'one of another account', shows: issued(() => ({ uris: [uriOf('admin')] })), side: 'server' },
];
const right: readonly Row[] = [
  { name: 'a right one', shows: issued((uri) => ({ uris: [uri] })) },
  {
    name: 'a right one of an intermediate, for both uses',
    shows: async (uri) =>
      (await mesh.intermediate()).issue({
        uris: [uri],
        keyUsages: keyUsage.digitalSignature,
        extendedKeyUsages: [clientAuth, serverAuth],
      }),
  },
];

const cleanup: (() => unknown)[] = [];
let server: Engine;
let client: Engine;

beforeAll(async () => {
  [mesh, other, removed] = await Promise.all([
    testAuthority(),
    testAuthority(),
    testAuthority({ name: 'gone' }),
  ]);
  const app = await named('app');
  cleanup.push(() => app.close());
  server = await startEngine(tables({}));
  client = await startEngine(tables({}));
  cleanup.push(
    () => server.destroy(),
    () => client.destroy(),
  );
  server.setIdentity(await identityFor(mesh, 'server'));
  client.setIdentity(await identityFor(mesh, 'caller'));
  const ports = [strict, permissive].map(({ name, chains }) =>
    listener(name, chains, { direction: 'inbound', inspectTls: true }),
  );
  const inbound = cluster('app', [endpoint(app.port)]);
  const believing = (...roots: TestAuthority[]) =>
    tables({
      listeners: ports,
      clusters: [inbound],
      secrets: new Map([['ROOTCA', { kind: 'roots', pem: roots.map(({ rootPem }) => rootPem).join('') }]]),
    });
  await server.apply(believing(mesh, removed));
  expect(await show(strict.name, await removed.issue({ uris: [uriOf('caller')] }))).toMatch(served);
  await server.apply(believing(mesh));
});

afterAll(async () => {
  for (const step of cleanup.reverse()) await step();
});

const served = /^HTTP\/1\.1 200 /;
const app = { kind: 'http', manager: manager(routeTable([host([route(forward('app'))])])) } as const;
const chainOf = (transportProtocol: 'tls' | 'raw_buffer', tls?: DownstreamTls): FilterChain => ({
  name: transportProtocol,
  match: { serverNames: [], transportProtocol, applicationProtocols: [] },
  filter: app,
  ...(tls === undefined ? {} : { tls }),
});
const strict = { name: 'STRICT', chains: [chainOf('tls', mtlsInbound)] };
const permissive = { name: 'PERMISSIVE', chains: [chainOf('tls', mtlsInbound), chainOf('raw_buffer')] };

/** All that a port says to a client with this certificate, which believes any server. */
async function show(port: string, shown: Shown): Promise<string> {
  const socket = connect({
    host: '127.0.0.1',
    port: portOf(server, port),
    minVersion: 'TLSv1.3',
    rejectUnauthorized: false,
    ...(shown === undefined ? {} : { cert: shown.chainPem, key: shown.keyPem }),
  });
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
  });
  socket.on('error', () => {});
  socket.write('GET / HTTP/1.1\r\nhost: app\r\nconnection: close\r\n\r\n');
  await once(socket, 'close').catch(() => {});
  return text;
}

const counters = (port: string) => {
  const chains = [...(server.listeners.get(port)?.chains.values() ?? [])];
  const sum = (value: (of: (typeof chains)[number]['tlsCounters']) => number): number =>
    chains.reduce((total, { tlsCounters }) => total + value(tlsCounters), 0);
  return {
    handshakes: sum((of) => of.handshakes),
    refused: sum(({ refused }) => Object.values(refused).reduce((total, count) => total + count, 0)),
  };
};

describe.each([strict.name, permissive.name])('a client at a %s port', (port) => {
  test.each(rows.filter(({ side }) => side !== 'server'))('is refused with $name', async ({ shows }) => {
    const before = counters(port);
    expect(await show(port, await shows(uriOf('caller')))).toBe('');
    await expect.poll(() => counters(port)).toEqual({ ...before, refused: before.refused + 1 });
  });

  test.each(right)('is served with $name', async ({ shows }) => {
    expect(await show(port, await shows(uriOf('caller')))).toMatch(served);
  });

  test('is served in plain text only where that is allowed', async () => {
    const plain = ask(portOf(server, port)).then(({ status }) => status);
    if (port === 'STRICT') await expect(plain).rejects.toThrow();
    else expect(await plain).toBe(200);
  });
});

describe('a server', () => {
  /** What a client of the mesh gets from a server that shows this. */
  const call = async (shown: Shown): Promise<{ status: number; body: string }> => {
    const impostor = createServer({ cert: shown?.chainPem ?? '', key: shown?.keyPem ?? '' });
    impostor.on('secureConnection', (socket: TLSSocket) => {
      socket.on('error', () => {});
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    });
    impostor.on('tlsClientError', () => {});
    impostor.listen(0, '127.0.0.1');
    await once(impostor, 'listening');
    const { port } = impostor.address() as AddressInfo;
    await client.apply(
      tables({
        listeners: [listener('out', [httpChain(manager(routeTable([host([route(forward('server'))])])))])],
        clusters: [cluster('server', [endpoint(port)], { tls: mtlsOutbound('server') })],
      }),
    );
    const answer = await ask(portOf(client, 'out'));
    impostor.close();
    return answer;
  };

  test.each(rows.filter(({ side }) => side !== 'client'))('is refused with $name', async ({ shows }) => {
    const { status, body } = await call(await shows(uriOf('server')));
    expect(status).toBe(503);
    expect(body).toMatch(/transport failure reason: TLS_error: TLS: /);
  });

  test.each(right)('is believed with $name', async ({ shows }) => {
    expect((await call(await shows(uriOf('server')))).status).toBe(200);
  });
});
