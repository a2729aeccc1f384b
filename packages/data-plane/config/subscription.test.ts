import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as grpc from '@grpc/grpc-js';
import type { Tables } from '@tulle/decision/tables/tables';
import type { GrpcConnection, StreamHandler } from '@tulle/xds/client/transport';
import { ManualClock } from '@tulle/xds/manual-clock.fixture';
import { type Snapshot, typeUrls, type XdsType } from '@tulle/xds/resource';
import { type AdsServer, createAdsServer } from '@tulle/xds/server/ads-server';
import { adsServerOptions } from '@tulle/xds/server/grpc-stream';
import { encode } from '@tulle/xds/wire';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Bootstrap } from '../bootstrap.ts';
import { grpcConnector } from '../grpc/connection.ts';
import { freePort } from '../testing/free-port.ts';
import { TimerWheel } from '../timers/wheel.ts';
import { cluster, endpoints, rdsListener, route } from './messages.fixture.ts';
import { type Configuration, startConfiguration } from './subscription.ts';

const connectGrpc = grpcConnector(new TimerWheel());
let stateDir: string;
const cleanups: (() => unknown)[] = [];

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'tulle-configuration-'));
  cleanups.push(() => rmSync(stateDir, { recursive: true, force: true }));
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const bootstrap = (): Bootstrap =>
  ({
    node: {
      id: 'sidecar~127.0.0.1~a.default~default.svc.cluster.local',
      cluster: 'a.default',
      metadata: { NAMESPACE: 'default' },
    },
    controlPlane: { address: '127.0.0.1', xdsPort: 1, enrolPort: 1, identity: 'spiffe://x' },
    stateDir,
  }) as unknown as Bootstrap;
const identity = () => ({ keyPem: '', chainPem: '', rootsPem: '' });

/** Resources of `messages.fixture.ts` as the server's. */
function snapshot(
  parts: Partial<Record<XdsType, { name: string; version: string; bytes: Uint8Array }[]>>,
): Snapshot {
  const types: XdsType[] = ['cluster', 'endpoint', 'listener', 'route', 'secret'];
  const maps = types.map((type) => [
    type,
    new Map((parts[type] ?? []).map((item) => [item.name, { ...item, origins: [] }])),
  ]);
  return Object.fromEntries(maps) as unknown as Snapshot;
}

/** Events that a test waits for. */
function journal() {
  const items: string[] = [];
  const wakers: (() => void)[] = [];
  return {
    write(item: string) {
      items.push(item);
      for (const wake of wakers.splice(0)) wake();
    },
    async until(item: string | RegExp): Promise<string> {
      for (;;) {
        const at = items.findIndex((seen) => (typeof item === 'string' ? seen === item : item.test(seen)));
        if (at >= 0) return items.splice(0, at + 1).at(-1) as string;
        await new Promise<void>((wake) => wakers.push(wake));
      }
    },
  };
}

async function serve(
  current: { snapshot: Snapshot },
  log: ReturnType<typeof journal>,
  port: number,
): Promise<{ ads: AdsServer; port: number; stop: () => void }> {
  const server = new grpc.Server(adsServerOptions);
  const ads = createAdsServer({
    authenticate: (_, node) => ({ kind: 'accepted', proxyId: node.id }),
    onConnect: (id) => ads.setSnapshot(id, current.snapshot),
    onDisconnect: (_, reason) => log.write(reason),
    onAck: (_, type, versions, removed) =>
      log.write(['ack', type, ...versions.keys(), ...removed.map((name) => `-${name}`)].join(' ')),
    onNack: (_, type, error) => log.write(`nack ${type} ${error.message}`),
  });
  ads.addTo(server);
  const bound = await new Promise<number>((resolve, reject) =>
    server.bindAsync(`127.0.0.1:${port}`, grpc.ServerCredentials.createInsecure(), (error, at) =>
      error ? reject(error) : resolve(at),
    ),
  );
  cleanups.push(() => server.forceShutdown());
  return { ads, port: bound, stop: () => server.forceShutdown() };
}

function start(port: number, published: Tables[], log?: (message: string) => void): Configuration {
  const configuration = startConfiguration({
    bootstrap: bootstrap(),
    identity,
    onTables: (tables) => published.push(tables),
    connect: () => connectGrpc({ address: '127.0.0.1', port, serverIdentity: '' }),
    random: () => 0.01,
    ...(log === undefined ? {} : { log }),
  });
  cleanups.push(() => configuration.close(false));
  return configuration;
}

const names = (map: ReadonlyMap<string, unknown>): string[] => [...map.keys()];
const first = {
  cluster: [cluster('a')],
  endpoint: [endpoints('a', 1)],
  listener: [rdsListener('l', 'r')],
  route: [route('r', 'a')],
};

test('from nothing to tables, a change, a refusal, and a start without control plane from what was accepted', async () => {
  const log = journal();
  const current = { snapshot: snapshot(first) };
  // It is listened on twice.
  const { ads, port, stop } = await serve(current, log, await freePort());
  const published: Tables[] = [];
  const configuration = start(port, published);
  await configuration.ready;
  const tables = configuration.tables();
  expect([
    names(tables.listeners),
    names(tables.routes),
    names(tables.clusters),
    names(tables.endpoints),
  ]).toEqual([['l'], ['r'], ['a'], ['a']]);
  expect(published.at(-1)).toBe(tables);
  // A listener never comes before what it needs.
  for (const { listeners, routes, endpoints: known } of published)
    if (listeners.size > 0) expect(routes.size * known.size).toBe(1);

  const [id] = ads.sessions().map(({ proxyId }) => proxyId) as [string];
  await log.until('ack route r');
  ads.setSnapshot(
    id,
    snapshot({
      ...first,
      cluster: [{ ...cluster('a', { lbPolicy: 'LOAD_BALANCING_POLICY_CONFIG' }), version: '2' }],
      endpoint: [{ ...endpoints('a', 2), version: '2' }],
    }),
  );
  expect(await log.until(/^nack/)).toBe(
    'nack cluster a: lb_policy: LOAD_BALANCING_POLICY_CONFIG is not supported',
  );
  await log.until('ack endpoint a');
  expect(configuration.tables().endpoints.get('a')?.[0]?.port).toBe(2);
  expect(configuration.tables().clusters).toBe(tables.clusters);
  expect(configuration.state()).toMatchObject({ connected: true, rejected: 1 });

  await configuration.close(true);
  await log.until('goodbye');
  stop();

  const restored: Tables[] = [];
  const later = start(port, restored);
  await later.ready;
  expect(restored).toHaveLength(1);
  expect(later.tables().endpoints.get('a')?.[0]?.port).toBe(2);
  expect(names(later.tables().listeners)).toEqual(['l']);
  expect(later.state().connected).toBe(false);

  // It comes back with a listener less: that is all that is said.
  const again = journal();
  await serve(
    {
      snapshot: snapshot({
        ...first,
        endpoint: [{ ...endpoints('a', 2), version: '2' }],
        listener: [],
        route: [],
      }),
    },
    again,
    port,
  );
  await again.until('ack listener -l');
  expect(names(later.tables().listeners)).toEqual([]);
  expect(restored).toHaveLength(2);
});

test('what does not come within 15 s is not waited for any longer', async () => {
  const clock = new ManualClock();
  const handlers: StreamHandler[] = [];
  const connection: GrpcConnection = {
    open: (_path, _metadata, handler) => {
      handlers.push(handler);
      return { send: () => {}, end: () => {}, cancel: () => {} };
    },
    close: () => {},
  };
  const published: Tables[] = [];
  const configuration = startConfiguration({
    bootstrap: bootstrap(),
    identity,
    onTables: (tables) => published.push(tables),
    connect: () => connection,
    clock,
    random: () => 0,
  });
  cleanups.push(() => configuration.close(false));
  for (const [type, resources] of [
    ['cluster', []],
    ['listener', [rdsListener('l', 'r')]],
  ] as const) {
    handlers[0]?.onMessage(
      encode('envoy.service.discovery.v3.DeltaDiscoveryResponse', {
        typeUrl: typeUrls[type],
        nonce: type,
        resources: resources.map(({ name, version, bytes }) => ({
          name,
          version,
          resource: { typeUrl: typeUrls[type], value: bytes },
        })),
      }),
    );
  }
  expect(published).toEqual([]);
  clock.advance(15_000);
  await configuration.ready;
  expect(names(configuration.tables().listeners)).toEqual(['l']);
});
