import { once } from 'node:events';
import { connect } from 'node:net';
import type { Cluster } from '@tulle/decision/tables/cluster';
import type { Listener } from '@tulle/decision/tables/listener';
import { testAuthority } from '@tulle/xds/test-authority.fixture';
import { afterEach, expect, test } from 'vitest';
import { TlsCounters } from '../net/tls/counters.ts';
import { MetricRegistry } from '../telemetry/registry.ts';
import { closed } from '../testing/closed.ts';
import { type Admin, startAdmin } from './admin.ts';
import type { AdminCluster, AdminSources } from './sources.ts';

const cluster = {
  name: 'outbound|9080||reviews.default.svc.cluster.local',
  statName: 'reviews',
  discovery: { kind: 'eds', name: 'outbound|9080||reviews.default.svc.cluster.local' },
  tlsMatches: [] as Cluster['tlsMatches'],
} as Cluster;
const counters = {
  connections: 2,
  connectionsTotal: 5,
  http1Total: 1,
  http2Total: 2,
  connectFailures: 0,
  requestsTotal: 10,
  requestsSucceeded: 9,
  requestsFailed: 1,
  timeouts: 0,
};
const limits = {
  connections: { limit: 1024, value: 2, refused: 0 },
  pending: { limit: 1024, value: 0, refused: 7 },
  requests: { limit: 1024, value: 1, refused: 0 },
  retries: { limit: 3, value: 0, refused: 0 },
};

const manager = {
  config: { statPrefix: 'inbound_9080' },
  counters: { active: 1, total: 12, classes: [0, 0, 10, 0, 1, 1], http1Connections: 3, http2Connections: 4 },
};
function countersOf({ handshakes, refused }: { handshakes: number; refused: number }): TlsCounters {
  const counters = new TlsCounters();
  counters.handshakes = handshakes;
  counters.refused['connection-error'] = refused;
  return counters;
}
const listener = {
  config: { name: 'inbound_9080', address: '127.0.0.1' } as Listener,
  port: 20_000,
  counters: { accepted: 4, active: 2, overflowed: 0, overflowedGlobally: 0 },
  unmatched: 1,
  inspectTimeouts: 0,
  proxyHeaderErrors: 0,
  chains: new Map([
    [
      'mtls',
      { tlsCounters: countersOf({ handshakes: 3, refused: 2 }), service: { kind: 'http' as const, manager } },
    ],
    [
      'raw',
      { tlsCounters: countersOf({ handshakes: 0, refused: 0 }), service: { kind: 'http' as const, manager } },
    ],
  ]),
};

const clusters: AdminCluster[] = [
  {
    config: cluster,
    breakers: { default: limits, high: limits },
    outliers: { ejectionsTotal: 1 },
    endpoints: [
      {
        config: {
          address: '127.0.0.1',
          port: 20_001,
          weight: 1,
          priority: 0,
          locality: 'r/z',
          localityWeight: 0,
          health: 'healthy',
          transport: {},
        },
        active: 1,
        ejected: true,
        failedCheck: false,
        pendingCheck: false,
        counters,
      },
    ],
  },
];

const authority = await testAuthority({ notAfter: Date.now() + 9.5 * 86_400_000 });
const leaf = await authority.issue({ uris: ['spiffe://mesh.test/ns/default/sa/reviews'] });

interface Fixture {
  readonly admin: Admin;
  readonly url: string;
  readonly calls: string[];
  ready: boolean;
}

let open: Fixture | undefined;

afterEach(async () => {
  await open?.admin.close();
  open = undefined;
});

async function start(): Promise<Fixture> {
  const metrics = new MetricRegistry();
  metrics.increment(
    metrics.counter({ name: 'istio_requests_total', help: 'Requests.', labels: ['code'] }).with('200'),
  );
  metrics.counter({ name: 'other_total', help: 'Other.' }).with();
  const calls: string[] = [];
  const sources: AdminSources = {
    metrics,
    ready: () => fixture.ready,
    state: () => (fixture.ready ? 'LIVE' : 'INITIALIZING'),
    serverInfo: () => ({ version: '0.1.0', uptimeMs: 61_500, node: { id: 'sidecar~1' } }),
    tlsCountersOf: () => [],
    routes: [
      [
        'reviews:9080',
        'login',
        { total: 3, classes: [0, 0, 2, 0, 0, 1], timeouts: 1, retries: 2, retryLimitExceeded: 1 },
      ],
    ],
    clusters: () => clusters,
    clustersInUse: () => clusters,
    listeners: () => [listener],
    dns: () => [
      {
        config: { address: '127.0.0.1', port: 15_053 } as Listener,
        responder: { counters: { answered: 5, forwarded: 2, failed: 1, malformed: 1 } },
      },
    ],
    resources: () => undefined,
    configDump: () => [
      {
        type: 'cluster',
        name: cluster.name,
        version: 'v1',
        resource: {
          '@type': 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
          name: cluster.name,
          edsClusterConfig: { serviceName: 'x' },
          transportSocketMatches: [{ name: 'tlsMode-istio', match: { tlsMode: 'istio' } }],
          metadata: { filterMetadata: { istio: { someKey: 'kept' } } },
        },
      },
      {
        type: 'secret',
        name: 'kubernetes://gateway',
        version: 'v2',
        resource: {
          tlsCertificate: {
            privateKey: { inlineString: leaf.keyPem },
            certificateChain: { inlineString: leaf.chainPem },
          },
          // Wherever else a key may turn up.
          extension: { text: leaf.keyPem },
        },
      },
    ],
    bootstrap: () => ({ node: { id: 'sidecar~1' }, enrolmentToken: 'very-secret' }),
    certificates: () => [
      { name: 'default', chainPem: leaf.chainPem },
      { name: 'ROOTCA', rootsPem: authority.rootPem },
    ],
    drainListeners: (graceful) => calls.push(`drain ${graceful}`),
    quit: () => calls.push('quit'),
  };
  const admin = await startAdmin({ address: '127.0.0.1', port: 0, sources });
  const fixture: Fixture = { admin, url: `http://127.0.0.1:${admin.port}`, calls, ready: true };
  open = fixture;
  return fixture;
}

test('/ready says so by status', async () => {
  const fixture = await start();
  const live = await fetch(`${fixture.url}/ready`);
  expect([live.status, await live.text()]).toEqual([200, 'LIVE\n']);
  fixture.ready = false;
  const not = await fetch(`${fixture.url}/ready`);
  expect([not.status, await not.text()]).toEqual([503, 'INITIALIZING\n']);
});

test('/stats in three formats, filtered', async () => {
  const { url } = await start();
  const get = async (path: string): Promise<string> => (await fetch(url + path)).text();
  expect(await get('/stats')).toContain('istio_requests_total.;.code=.=200: 1\nother_total: 0\n');
  expect(await get('/stats?filter=^istio')).toBe('istio_requests_total.;.code=.=200: 1\n');
  expect(JSON.parse(await get('/stats?format=json&filter=other'))).toEqual({
    stats: [{ name: 'other_total', value: 0 }],
  });
  const prometheus = await fetch(`${url}/stats/prometheus`);
  expect(prometheus.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const text = await prometheus.text();
  expect(text).toContain('istio_requests_total{code="200"} 1\n');
  expect(await get('/stats?format=prometheus&filter=istio')).toBe(
    await get('/stats/prometheus?filter=istio'),
  );
  for (const line of [
    'envoy_cluster_upstream_rq_total{cluster_name="reviews"} 10',
    'envoy_cluster_upstream_rq_pending_overflow{cluster_name="reviews"} 14',
    'envoy_cluster_membership_healthy{cluster_name="reviews"} 0',
    'envoy_listener_ssl_connection_error{listener_address="127.0.0.1_20000"} 2',
    'envoy_listener_no_filter_chain_match{listener_address="127.0.0.1_20000"} 1',
    'envoy_dns_filter_downstream_rx_queries{listener_address="127.0.0.1_15053"} 8',
    'envoy_dns_filter_unanswered_queries{listener_address="127.0.0.1_15053"} 1',
    'envoy_vhost_route_upstream_rq_total{envoy_virtual_host="reviews:9080",envoy_route="login"} 3',
    'envoy_vhost_route_upstream_rq_xx{envoy_virtual_host="reviews:9080",envoy_route="login",envoy_response_code_class="5"} 1',
    'envoy_http_downstream_rq_total{envoy_http_conn_manager_prefix="inbound_9080"} 24',
    'envoy_http_downstream_rq_xx{envoy_http_conn_manager_prefix="inbound_9080",envoy_response_code_class="2"} 20',
    'envoy_server_live 1',
  ]) {
    expect(text).toContain(`${line}\n`);
  }
  expect((await fetch(`${url}/stats?filter=(`)).status).toBe(400);
});

test('/clusters as text and JSON', async () => {
  const { url } = await start();
  const text = await (await fetch(`${url}/clusters`)).text();
  expect(text).toContain(`${cluster.name}::127.0.0.1:20001::rq_success::9\n`);
  expect(text).toContain(`${cluster.name}::127.0.0.1:20001::health_flags::/failed_outlier_check\n`);
  expect(text).toContain(`${cluster.name}::default_priority::max_retries::3\n`);
  expect(await (await fetch(`${url}/clusters?format=json`)).json()).toMatchObject({
    cluster_statuses: [
      {
        name: cluster.name,
        host_statuses: [
          {
            address: { socket_address: { address: '127.0.0.1', port_value: 20_001 } },
            health_status: { eds_health_status: 'HEALTHY', failed_outlier_check: true },
            locality: { region: 'r', zone: 'z' },
          },
        ],
      },
    ],
  });
});

test('/config_dump has proto names and no keys', async () => {
  const { url } = await start();
  const text = await (await fetch(`${url}/config_dump`)).text();
  expect(text).not.toContain('PRIVATE KEY');
  expect(text).not.toContain('very-secret');
  expect(text).toContain('BEGIN CERTIFICATE');
  const { configs } = JSON.parse(text) as { configs: { '@type': string }[] };
  expect(configs.map((section) => section['@type'].split('.').at(-1))).toEqual([
    'BootstrapConfigDump',
    'ClustersConfigDump',
    'EndpointsConfigDump',
    'ListenersConfigDump',
    'RoutesConfigDump',
    'SecretsConfigDump',
  ]);
  const one = await (await fetch(`${url}/config_dump?resource=dynamic_active_clusters`)).json();
  expect(one).toEqual({
    configs: [
      {
        version_info: 'v1',
        cluster: {
          '@type': 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
          name: cluster.name,
          eds_cluster_config: { service_name: 'x' },
          transport_socket_matches: [{ name: 'tlsMode-istio', match: { tlsMode: 'istio' } }],
          metadata: { filter_metadata: { istio: { someKey: 'kept' } } },
        },
      },
    ],
  });
});

test('/certs, /listeners, /server_info, /memory and the index', async () => {
  const { url } = await start();
  const get = async (path: string): Promise<unknown> => (await fetch(url + path)).json();
  expect(await get('/certs')).toMatchObject({
    certificates: [
      { cert_chain: [{ subject_alt_names: [{ uri: 'spiffe://mesh.test/ns/default/sa/reviews' }] }] },
      { ca_cert: [{ days_until_expiration: '9' }] },
    ],
  });
  expect(await get('/listeners?format=json')).toEqual({
    listener_statuses: [
      {
        name: 'inbound_9080',
        local_address: { socket_address: { address: '127.0.0.1', port_value: 20_000 } },
      },
    ],
  });
  expect(await get('/server_info')).toMatchObject({
    version: '0.1.0',
    state: 'LIVE',
    uptime_current_epoch: '61s',
  });
  expect(await get('/memory')).toHaveProperty('total_physical_bytes');
  expect(await (await fetch(`${url}/`)).text()).toContain('<a href="/stats/prometheus">');
  expect(await (await fetch(`${url}/help`)).text()).toContain('/quitquitquit');
  expect((await fetch(`${url}/nowhere`)).status).toBe(404);
});

test('what changes something needs POST, and is called after its answer', async () => {
  const { url, calls } = await start();
  expect((await fetch(`${url}/quitquitquit`)).status).toBe(405);
  expect(calls).toEqual([]);
  expect(await (await fetch(`${url}/drain_listeners?graceful`, { method: 'POST', body: 'x' })).text()).toBe(
    'OK\n',
  );
  expect(await (await fetch(`${url}/quitquitquit`, { method: 'POST' })).text()).toBe('OK\n');
  while (calls.length < 2) await new Promise((resolve) => setImmediate(resolve));
  expect(calls).toEqual(['drain true', 'quit']);
});

test('pages of other sites are refused: by the name that they reach us by, and by their origin', async () => {
  const { admin, calls } = await start();
  const ask = (head: string): Promise<string> =>
    new Promise((resolve) => {
      let seen = '';
      const socket = connect(admin.port, '127.0.0.1', () => socket.end(head));
      socket.on('data', (chunk) => {
        seen += String(chunk);
      });
      socket.on('close', () => resolve(seen));
    });
  expect(await ask('GET /stats HTTP/1.1\r\nHost: evil.test\r\n\r\n')).toMatch(/^HTTP\/1\.1 403 /);
  expect(
    await ask('POST /quitquitquit HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.test\r\n\r\n'),
  ).toMatch(/^HTTP\/1\.1 403 /);
  expect(await ask('GET /ready HTTP/1.1\r\nHost: localhost:9\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
  expect(calls).toEqual([]);
});

test('more clients at a time than the pages are for are closed unanswered', async () => {
  const { admin } = await start();
  const ask = () => connect(admin.port, '127.0.0.1').on('error', () => {});
  const served = Array.from({ length: 64 }, ask);
  // Connections are taken in their order.
  for (const client of served) client.write('GET /ready HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await Promise.all(served.map((client) => once(client, 'data')));
  const refused = ask();
  refused.write('GET /ready HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await closed(refused.resume());
  expect(refused.bytesRead).toBe(0);
  for (const client of served) client.destroy();
});
