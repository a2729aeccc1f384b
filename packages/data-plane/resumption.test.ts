/** Sessions between two sidecars: across connections, across a restart of the server, and not across a rotation. */
import type { Tables } from '@tulle/decision/tables/tables';
import { type TestAuthority, testAuthority } from '@tulle/xds/test-authority.fixture';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Engine } from './engine.ts';
import type { IdentityMaterial } from './secrets.ts';
import { named } from './testing/backend.ts';
import { ask } from './testing/client.ts';
import { portOf, startEngine } from './testing/engine.ts';
import { identityFor, mtlsInbound, mtlsOutbound, uriOf } from './testing/mesh.ts';
import {
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
} from './testing/tables.ts';

let authority: TestAuthority;
let appPort: number;
let client: Engine;
const cleanup: (() => unknown)[] = [];

beforeEach(async () => {
  authority = await testAuthority();
  const app = await named('app');
  appPort = app.port;
  client = await startEngine(tables({}));
  client.setIdentity(await identityFor(authority, 'client'));
  cleanup.push(
    () => app.close(),
    () => client.destroy(),
  );
});
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

const routed = (to: string, more: Parameters<typeof manager>[1] = {}) =>
  manager(routeTable([host([route(forward(to))])]), more);

const inbound = (port: number): Tables =>
  tables({
    listeners: [
      listener(
        'in',
        [
          httpChain(
            routed('app', {
              edge: edgeRules({ clientCertificate: { mode: 'sanitize-set', details: ['uri'] } }),
            }),
            { tls: mtlsInbound },
          ),
        ],
        { direction: 'inbound', port },
      ),
    ],
    clusters: [cluster('app', [endpoint(appPort)])],
  });

async function server(identity: IdentityMaterial, port = 0): Promise<Engine> {
  const engine = await startEngine(tables({}), { uri: uriOf('server') });
  cleanup.push(() => engine.destroy());
  engine.setIdentity(identity);
  expect(await engine.apply(inbound(port))).toEqual([]);
  return engine;
}

const resumed = (engine: Engine): number =>
  Iterator.from(engine.listeners.get('in')?.chains.values() ?? []).reduce(
    (sum, { tlsCounters }) => sum + tlsCounters.sessionsReused,
    0,
  );

/** A request over a connection of its own; the server's application hears who calls. */
async function call(): Promise<void> {
  const { status, body } = await ask(portOf(client, 'out'));
  expect(status).toBe(200);
  const { headers } = JSON.parse(body) as { headers: Record<string, string> };
  expect(headers['x-forwarded-client-cert']).toContain(`URI=${uriOf('client')}`);
}

test('each connection resumes the one before, at whichever process of the proxy serves', async () => {
  const identity = await identityFor(authority, 'server');
  const first = await server(identity);
  const port = portOf(first, 'in');
  await client.apply(
    tables({
      listeners: [listener('out', [httpChain(routed('server'))])],
      clusters: [
        cluster('server', [endpoint(port)], { tls: mtlsOutbound('server'), maxRequestsPerConnection: 1 }),
      ],
    }),
  );
  for (let i = 0; i < 3; i++) await call();
  expect(resumed(first)).toBe(2);

  // Its successor knows of it only what lies in the state directory.
  const closed = first.listeners.stopAccepting();
  first.destroy();
  await closed;
  const second = await server({ ...identity }, port);
  await call();
  expect(resumed(second)).toBe(1);

  second.setIdentity(await identityFor(authority, 'server'));
  await call();
  expect(resumed(second)).toBe(1);
  await call();
  expect(resumed(second)).toBe(2);

  client.setIdentity(await identityFor(authority, 'client'));
  await call();
  expect(resumed(second)).toBe(2);
});
