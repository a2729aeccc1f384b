import type { Tables } from '@tulle/decision/tables/tables';
import type { RawResource } from '@tulle/xds/client/ads-client';
import { encode } from '@tulle/xds/wire';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  cluster,
  endpoints,
  httpChain,
  listener,
  pack,
  raw,
  rdsListener,
  route,
  vhdsRoute,
  virtualHost,
} from './messages.fixture.ts';
import { ConfigStore } from './store.ts';
import { filterReaders } from './translate/filters/filter-readers.ts';

let published: Tables[];
let store: ConfigStore;

beforeEach(() => {
  published = [];
  store = new ConfigStore({ readers: filterReaders, onTables: (tables) => published.push(tables) });
});

const apply = (
  type: Parameters<ConfigStore['apply']>[0]['type'],
  resources: Parameters<ConfigStore['apply']>[0]['resources'],
  removed: string[] = [],
) => store.apply({ type, resources, removed });
const tcpListener = listener(
  'l',
  [
    {
      filters: [
        {
          name: 'tcp',
          typedConfig: pack('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', {
            statPrefix: 'a',
            cluster: 'a',
          }),
        },
      ],
    },
  ],
  { trafficDirection: 'INBOUND' },
);
const names = (map: ReadonlyMap<string, unknown>): string[] => [...map.keys()];

describe('publishing', () => {
  test('one new Tables per batch, epochs count, unchanged parts are the same objects', () => {
    apply('cluster', [cluster('a'), cluster('b')]);
    expect(published).toHaveLength(0);
    apply('endpoint', [endpoints('a', 1), endpoints('b', 2)]);
    expect(published).toHaveLength(1);
    apply('endpoint', [endpoints('a', 3)]);
    const [first, second] = published as [Tables, Tables];
    expect([first.epoch, second.epoch]).toEqual([1, 2]);
    expect(second.clusters).toBe(first.clusters);
    expect(second.endpoints.get('b')).toBe(first.endpoints.get('b'));
    expect(first.endpoints.get('a')?.[0]?.port).toBe(1);
    expect(second.endpoints.get('a')?.[0]?.port).toBe(3);
  });

  test('the same bytes again change nothing, but the version is taken', () => {
    apply('cluster', [cluster('a', { type: 'STATIC' })]);
    apply('cluster', [{ ...cluster('a', { type: 'STATIC' }), version: '2' }]);
    expect(published).toHaveLength(1);
    expect(store.accepted('cluster').map(({ version }) => version)).toEqual(['2']);
  });
});

describe('refusing', () => {
  test('the good ones of a batch are taken, the bad one keeps what was there', () => {
    apply('cluster', [cluster('a', { type: 'STATIC' }), cluster('b', { type: 'STATIC' })]);
    const rejections = apply('cluster', [
      cluster('a', { type: 'STATIC', lbPolicy: 'RANDOM' }),
      cluster('b', { type: 'STATIC', lbPolicy: 'LOAD_BALANCING_POLICY_CONFIG' }),
    ]);
    expect(rejections).toEqual([
      { name: 'b', reason: 'lb_policy: LOAD_BALANCING_POLICY_CONFIG is not supported' },
    ]);
    expect([...store.tables.clusters.values()].map(({ balancer }) => balancer.kind)).toEqual([
      'random',
      'round-robin',
    ]);
    expect(store.accepted('cluster')).toHaveLength(2);
  });

  test('bytes that are no message, and another name than the envelope says', () => {
    expect(apply('listener', [raw('l', Uint8Array.of(0xff))])).toEqual([
      { name: 'l', reason: 'cannot be read: message ends inside a field' },
    ]);
    expect(apply('cluster', [{ ...cluster('x'), name: 'y' }])).toEqual([
      { name: 'y', reason: 'name: is "x"' },
    ]);
    expect(published).toEqual([]);
  });
});

describe('warming', () => {
  test('a listener serves when its routes are there; until then the one before it does', () => {
    apply('listener', [rdsListener('l', 'r1')]);
    expect(store.wanted.route).toEqual(new Set(['r1']));
    expect(published).toEqual([]);
    apply('route', [route('r1', 'a')]);
    expect(names(store.tables.listeners)).toEqual(['l']);

    apply('listener', [rdsListener('l', 'r2')]);
    expect(store.wanted.route).toEqual(new Set(['r1', 'r2']));
    expect(names(store.tables.routes)).toEqual(['r1']);
    const before = store.tables.listeners.get('l');
    apply('listener', [rdsListener('l', 'r3')]);
    expect(store.wanted.route).toEqual(new Set(['r1', 'r3']));
    expect(store.tables.listeners.get('l')).toBe(before);
    apply('route', [route('r3', 'a')]);
    expect(store.tables.listeners.get('l')).not.toBe(before);
    expect(names(store.tables.routes)).toEqual(['r3']);
    expect(store.wanted.route).toEqual(new Set(['r3']));
  });

  test('what the control plane says is not there is not waited for', () => {
    apply('cluster', [cluster('a')]);
    apply('listener', [rdsListener('l', 'none')]);
    apply('route', [], ['none']);
    expect(names(store.tables.listeners)).toEqual(['l']);
    expect(store.complete).toBe(false);
    apply('endpoint', [], ['a']);
    expect(names(store.tables.clusters)).toEqual(['a']);
    expect(store.complete).toBe(true);
  });

  test('nor what does not come in time', () => {
    apply('listener', [rdsListener('l', 'r')]);
    store.stopWaiting();
    expect(names(store.tables.listeners)).toEqual(['l']);
    apply('route', [route('r', 'a')]);
    expect(names(store.tables.routes)).toEqual(['r']);
  });

  test('one that waits does not hold up the others', () => {
    apply('listener', [
      rdsListener('waits', 'r'),
      listener('goes', [httpChain({ routeConfig: { name: 'inline' } })]),
    ]);
    expect(names(store.tables.listeners)).toEqual(['goes']);
  });

  test('a cluster keeps its endpoints while the next version waits for others', () => {
    apply('cluster', [cluster('a')]);
    apply('endpoint', [endpoints('a', 1)]);
    apply('cluster', [cluster('a', { edsClusterConfig: { edsConfig: { ads: {} }, serviceName: 'other' } })]);
    expect(store.tables.clusters.get('a')?.discovery).toEqual({ kind: 'eds', name: 'a' });
    expect(names(store.tables.endpoints)).toEqual(['a']);
    apply('endpoint', [endpoints('other', 2)]);
    expect(store.tables.clusters.get('a')?.discovery).toEqual({ kind: 'eds', name: 'other' });
    expect(names(store.tables.endpoints)).toEqual(['other']);
  });

  test('secrets are waited for, but never the one that is the proxy’s own', () => {
    const tls = (name: string) => ({
      name: 'tls',
      typedConfig: pack('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', {
        commonTlsContext: { tlsCertificateSdsSecretConfigs: [{ name, sdsConfig: { ads: {} } }] },
      }),
    });
    apply('cluster', [
      cluster('own', { type: 'STATIC', transportSocket: tls('default') }),
      cluster('other', { type: 'STATIC', transportSocket: tls('x') }),
    ]);
    expect(names(store.tables.clusters)).toEqual(['own']);
    expect(store.wanted.secret).toEqual(new Set(['x']));
  });
});

test('the table of workloads is wanted as long as something takes TCP from the mesh', () => {
  const workload = (name: string): RawResource =>
    raw(
      name,
      encode('istio.workload.Workload', {
        trustDomain: 'mesh.test',
        namespace: 'default',
        serviceAccount: 'ratings',
        workloadName: name,
        canonicalName: 'ratings',
        canonicalRevision: 'v1',
      }),
    );
  expect(store.takesTcp).toBe(false);
  apply('cluster', [cluster('a')]);
  apply('endpoint', [endpoints('a', 1)]);
  apply('listener', [tcpListener]);
  expect(store.takesTcp).toBe(true);
  expect(apply('workload', [workload('ratings-v1'), raw('bad', Uint8Array.of(1))])).toMatchObject([
    { name: 'bad' },
  ]);
  expect([...store.tables.workloads.values()]).toEqual([
    {
      principal: 'spiffe://mesh.test/ns/default/sa/ratings',
      workload: 'ratings-v1',
      namespace: 'default',
      app: 'ratings',
      version: 'v1',
      canonicalName: 'ratings',
      canonicalRevision: 'v1',
      cluster: '',
    },
  ]);
  apply('listener', [], ['l']);
  expect(store.takesTcp).toBe(false);
  expect(store.tables.workloads.size).toBe(0);
});

describe('leaving', () => {
  test('what nobody refers to any more goes with its user', () => {
    apply('cluster', [cluster('a'), cluster('b')]);
    apply('endpoint', [endpoints('a', 1), endpoints('b', 1)]);
    apply('cluster', [], ['a']);
    expect(names(store.tables.clusters)).toEqual(['b']);
    expect(names(store.tables.endpoints)).toEqual(['b']);
    expect(store.accepted('endpoint').map(({ name }) => name)).toEqual(['b']);
  });

  test('a listener that is removed while it warms never appears', () => {
    apply('listener', [rdsListener('l', 'r')]);
    apply('listener', [], ['l']);
    apply('route', [route('r', 'a')]);
    expect(names(store.tables.listeners)).toEqual([]);
  });
});

test('an earlier run is restored in one batch; what no longer fits is left out', () => {
  store.restore({
    route: [route('r', 'a')],
    endpoint: [endpoints('a', 1), endpoints('stray', 1)],
    cluster: [cluster('a'), raw('bad', Uint8Array.of(1))],
    listener: [rdsListener('l', 'r')],
    secret: [],
    workload: [],
    virtualHost: [],
  });
  expect(published).toHaveLength(1);
  expect([
    names(store.tables.listeners),
    names(store.tables.clusters),
    names(store.tables.routes),
    names(store.tables.endpoints),
  ]).toEqual([['l'], ['a'], ['r'], ['a']]);
  expect(store.complete).toBe(true);
});

describe('virtual hosts that come by themselves', () => {
  const hosts = (table = 't'): string[] =>
    store.tables.routes.get(table)?.virtualHosts.map(({ name }) => name) ?? [];

  test('are waited for until the last has come', () => {
    apply('listener', [rdsListener('l', 't')]);
    apply('route', [vhdsRoute('t')]);
    expect(store.wanted.virtualHost).toEqual(new Set(['t']));
    apply('virtualHost', [virtualHost('t', 'a', 'x')]);
    expect([names(store.tables.listeners), store.complete]).toEqual([[], false]);
    apply('virtualHost', [virtualHost('t', 'b', 'x')], ['t']);
    expect(names(store.tables.listeners)).toEqual(['l']);
    expect(hosts()).toEqual(['a', 'b', 'all']);
  });

  test('a table that had its virtual hosts inside serves until they have come', () => {
    apply('listener', [rdsListener('l', 't')]);
    apply('route', [route('t', 'a')]);
    const before = store.tables.routes.get('t');
    apply('route', [vhdsRoute('t')]);
    apply('virtualHost', [virtualHost('t', 'a', 'x')]);
    expect(store.tables.routes.get('t')).toBe(before);
    apply('virtualHost', [], ['t']);
    expect(hosts()).toEqual(['a', 'all']);
    apply('route', [route('t', 'a')]);
    expect(hosts()).toEqual(['all']);
    expect([...store.wanted.virtualHost, ...store.accepted('virtualHost')]).toEqual([]);
  });

  test('a change of one leaves the others, and other tables, the same objects', () => {
    apply('listener', [rdsListener('l', 't'), rdsListener('m', 'u')]);
    apply('route', [vhdsRoute('t'), vhdsRoute('u')]);
    apply('virtualHost', [virtualHost('t', 'a', 'x'), virtualHost('t', 'b', 'x')], ['t']);
    apply('virtualHost', [virtualHost('u', 'a', 'x')], ['u']);
    const before = store.tables.routes;
    apply('virtualHost', [virtualHost('t', 'a', 'y')]);
    const after = store.tables.routes;
    expect(after.get('u')).toBe(before.get('u'));
    const [changed, same] = after.get('t')?.virtualHosts ?? [];
    expect(changed).not.toBe(before.get('t')?.virtualHosts[0]);
    expect(same).toBe(before.get('t')?.virtualHosts[1]);
    apply('endpoint', [endpoints('z', 1)]);
    expect(store.tables.routes).toBe(after);
    apply('virtualHost', [], ['t/a']);
    expect(hosts()).toEqual(['b', 'all']);
  });

  test('one that is refused is named', () => {
    apply('listener', [rdsListener('l', 't')]);
    apply('route', [vhdsRoute('t')]);
    const { name, bytes } = virtualHost('t', 'a', 'x');
    expect(apply('virtualHost', [raw('t/b', bytes), raw(name, Uint8Array.of(10, 1, 97))], ['t'])).toEqual([
      { name: 't/b', reason: 'name: is "a"' },
      { name: 't/a', reason: 'domains: must not be empty' },
    ]);
    expect(hosts()).toEqual(['all']);
  });

  test('what is stored says which tables have all of theirs', () => {
    const again = (): ConfigStore => {
      const other = new ConfigStore({ readers: filterReaders, onTables: () => {} });
      other.restore(store.resources);
      return other;
    };
    apply('cluster', []);
    apply('listener', [rdsListener('l', 't')]);
    apply('route', [vhdsRoute('t')]);
    apply('virtualHost', [virtualHost('t', 'a', 'x')]);
    const early = again();
    expect([names(early.tables.listeners), early.complete]).toEqual([[], false]);
    apply('virtualHost', [virtualHost('t', 'b', 'x')], ['t']);
    const late = again();
    expect(late.complete).toBe(true);
    expect(late.tables.routes.get('t')?.virtualHosts.map(({ name }) => name)).toEqual(['a', 'b', 'all']);
    expect(late.accepted('virtualHost').map(({ name }) => name)).toEqual(['t/a', 't/b']);
  });
});
