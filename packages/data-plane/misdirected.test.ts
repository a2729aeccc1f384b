import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { connect as connectTls } from 'node:tls';
import { testAuthority } from '@tulle/xds/test-authority.fixture';
import { beforeAll, expect, it } from 'vitest';
import { named } from './testing/backend.ts';
import { cleanupAfterAll } from './testing/cleanup.ts';
import { portOf, startEngine } from './testing/engine.ts';
import { http2Ask } from './testing/http2.ts';
import { mtlsInbound } from './testing/mesh.ts';
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

const cleanup = cleanupAfterAll();
let port: number;

/** A gateway with one certificate for all, a chain for two hosts, one for a third, and one for the rest. */
beforeAll(async () => {
  const app = await named('app');
  cleanup.push(() => app.close());
  const authority = await testAuthority();
  const leaf = await authority.issue({ dnsNames: ['*.example', 'localhost'] });
  const engine = await startEngine(tables({}));
  cleanup.push(() => engine.destroy());
  engine.setIdentity({ ...leaf, rootsPem: authority.rootPem });
  const tls = { ...mtlsInbound, requireClientCertificate: false, alpn: ['h2', 'http/1.1'] };
  const chain = (name: string, serverNames: readonly string[], domains: readonly string[]) =>
    httpChain(manager(routeTable([host([route(forward('app'))], { domains })])), {
      name,
      match: { serverNames, transportProtocol: 'tls', applicationProtocols: [] },
      tls,
    });
  const configured = tables({
    listeners: [
      listener('l', [
        chain('shop', ['shop.example', '*.img.example'], ['*']),
        chain('bank', ['bank.example'], ['bank.example']),
        chain('rest', [], ['only.example']),
      ]),
    ],
    clusters: [cluster('app', [endpoint(app.port)])],
  });
  expect(await engine.apply(configured)).toEqual([]);
  port = portOf(engine, 'l');
});

async function session(servername: string): Promise<ClientHttp2Session> {
  const socket = connectTls({
    ...{ host: '127.0.0.1', port, servername },
    ALPNProtocols: ['h2'],
    rejectUnauthorized: false,
  });
  await once(socket, 'secureConnect');
  const made = connect(`https://${servername}`, { createConnection: () => socket });
  made.on('error', () => {});
  cleanup.push(() => made.destroy());
  return made;
}

it.each([
  ['shop.example', 'shop.example', 200],
  ['shop.example', 'SHOP.example:443', 200],
  ['shop.example', 'a.img.example', 200],
  // Of another chain, which may ask for more: never by this one, though its virtual host would take it.
  ['shop.example', 'bank.example', 421],
  ['bank.example', 'shop.example', 421],
  // A chain for any name knows by its virtual hosts.
  ['other.example', 'only.example', 200],
  ['other.example', 'shop.example', 421],
])('by a connection for %s, a request for %s: %i', async (servername, authority, status) => {
  const client = await session(servername);
  expect((await http2Ask(client, { host: authority })).status).toBe(status);
  // The connection goes on for whom it is.
  if (servername === 'shop.example') expect((await http2Ask(client, { host: servername })).status).toBe(200);
});
