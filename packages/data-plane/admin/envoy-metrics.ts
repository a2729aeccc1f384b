import type { TlsCounters } from '../net/tls/counters.ts';
import type { MetricRegistry } from '../telemetry/registry.ts';
import { observeHealthChecks } from './health-metrics.ts';
import { observeRoutes } from './route-metrics.ts';
import type { AdminCluster, AdminDns, AdminListener, AdminSources } from './sources.ts';
import { tlsMetrics } from './tls-metrics.ts';

type Say = (value: number, ...labels: readonly string[]) => void;

/** Puts what is counted elsewhere into the registry, under the names that Envoy gives it in Prometheus' format. */
export function observeSources(sources: AdminSources): void {
  observeClusters(sources);
  observeListeners(sources.metrics, sources.listeners);
  observeDns(sources);
  observeRoutes(sources.metrics, sources.routes);
  const { metrics } = sources;
  const server = (name: string, help: string, value: () => number, sameInWorkers = false): void => {
    metrics.observe({
      name: `envoy_server_${name}`,
      help,
      kind: 'gauge',
      labels: [],
      sameInWorkers,
      observe: (say) => say(value()),
    });
  };
  server('live', 'Whether traffic may be sent here.', () => (sources.ready() ? 1 : 0), true);
  server(
    'state',
    'LIVE 0, DRAINING 1, PRE_INITIALIZING 2, INITIALIZING 3.',
    () => states.indexOf(sources.state()),
    true,
  );
  const uptime = (): number => Math.floor(sources.serverInfo().uptimeMs / 1_000);
  server('uptime', 'Seconds since the start.', uptime, true);
  server('concurrency', 'Worker processes that serve.', () => (sources.ready() ? 1 : 0));
  server('memory_allocated', 'Bytes that the heap uses.', () => process.memoryUsage().heapUsed);
  server('memory_heap_size', 'Bytes of the heap.', () => process.memoryUsage().heapTotal);
  server('memory_physical_size', 'Resident bytes of the process.', () => process.memoryUsage.rss());
}

const states = ['LIVE', 'DRAINING', 'PRE_INITIALIZING', 'INITIALIZING'];

function observeClusters({ metrics, clustersInUse, tlsCountersOf }: AdminSources): void {
  const each = (
    kind: 'counter' | 'gauge',
    name: string,
    help: string,
    value: (cluster: AdminCluster) => number | undefined,
    sameInWorkers = false,
  ): void => {
    metrics.observe({
      name: `envoy_cluster_${name}`,
      help,
      kind,
      labels: ['cluster_name'],
      sameInWorkers,
      observe: (say) => {
        // Two series of one name and labels would make the whole scrape invalid.
        const seen = new Set<string>();
        for (const cluster of clustersInUse()) {
          const { name, statName } = cluster.config;
          const label = statName === '' || seen.has(statName) ? name : statName;
          seen.add(label);
          const known = value(cluster);
          if (known !== undefined) say(known, label);
        }
      },
    });
  };
  const sum =
    (value: (counters: AdminCluster['endpoints'][number]['counters']) => number) => (cluster: AdminCluster) =>
      cluster.endpoints.reduce((total, { counters }) => total + value(counters), 0);
  each(
    'counter',
    'upstream_cx_total',
    'Connections made.',
    sum((of) => of.connectionsTotal),
  );
  each(
    'counter',
    'upstream_cx_http1_total',
    'Connections made for HTTP/1.1.',
    sum((of) => of.http1Total),
  );
  each(
    'counter',
    'upstream_cx_http2_total',
    'Connections made for HTTP/2.',
    sum((of) => of.http2Total),
  );
  each(
    'gauge',
    'upstream_cx_active',
    'Connections open.',
    sum((of) => of.connections),
  );
  each(
    'counter',
    'upstream_cx_connect_fail',
    'Connections that could not be made.',
    sum((of) => of.connectFailures),
  );
  each(
    'counter',
    'upstream_rq_total',
    'Requests sent.',
    sum((of) => of.requestsTotal),
  );
  each(
    'counter',
    'upstream_rq_timeout',
    'Requests that were not answered in time.',
    sum((of) => of.timeouts),
  );
  each('gauge', 'upstream_rq_active', 'Requests under way.', ({ endpoints }) =>
    endpoints.reduce((total, { active }) => total + active, 0),
  );
  const breakers =
    (pick: (of: AdminCluster['breakers']['default']) => { readonly refused: number }) =>
    (cluster: AdminCluster) =>
      pick(cluster.breakers.default).refused + pick(cluster.breakers.high).refused;
  each(
    'counter',
    'upstream_cx_overflow',
    'Connections refused by a breaker.',
    breakers((of) => of.connections),
  );
  each(
    'counter',
    'upstream_rq_pending_overflow',
    'Requests refused by a breaker.',
    (cluster) => breakers((of) => of.pending)(cluster) + breakers((of) => of.requests)(cluster),
  );
  each(
    'counter',
    'upstream_rq_retry_overflow',
    'Retries refused by a breaker.',
    breakers((of) => of.retries),
  );
  each('gauge', 'membership_total', 'Endpoints.', ({ endpoints }) => endpoints.length, true);
  each(
    'gauge',
    'membership_healthy',
    'Endpoints that get requests.',
    ({ endpoints }) => endpoints.filter(isFit).length,
    true,
  );
  each(
    'gauge',
    'outlier_detection_ejections_active',
    'Endpoints ejected now.',
    ({ endpoints }) => endpoints.filter(({ ejected }) => ejected).length,
    true,
  );
  each(
    'counter',
    'outlier_detection_ejections_enforced_total',
    'Ejections.',
    ({ outliers }) => outliers.ejectionsTotal,
  );
  observeHealthChecks(each);
  for (const { name, help, value } of tlsMetrics)
    each('counter', name, help, ({ config }) =>
      [config, ...config.tlsMatches]
        .flatMap(({ tls }) => (tls === undefined ? [] : tlsCountersOf(tls)))
        .reduce((total, counters) => total + value(counters), 0),
    );
}

const isFit = ({ config, ejected, failedCheck }: AdminCluster['endpoints'][number]): boolean =>
  config.health === 'healthy' && !ejected && !failedCheck;

/** Questions for names, under the names of Envoy's DNS filter. */
function observeDns({ metrics, dns }: AdminSources): void {
  const each = (name: string, help: string, value: (of: AdminDns['responder']['counters']) => number): void =>
    metrics.observe({
      name: `envoy_dns_filter_${name}`,
      help,
      kind: 'counter',
      labels: ['listener_address'],
      observe: (say) => {
        for (const { config, responder } of dns())
          say(value(responder.counters), `${config.address}_${config.port}`);
      },
    });
  each(
    'downstream_rx_queries',
    'Questions that came.',
    ({ answered, forwarded, malformed }) => answered + forwarded + malformed,
  );
  each('downstream_rx_invalid_queries', 'Messages that were no question.', ({ malformed }) => malformed);
  each('known_domain_queries', 'Questions answered from the table of names.', ({ answered }) => answered);
  each('unanswered_queries', 'Questions that no other server answered in time.', ({ failed }) => failed);
}

function observeListeners(metrics: MetricRegistry, listeners: () => Iterable<AdminListener>): void {
  const each = (
    kind: 'counter' | 'gauge',
    name: string,
    help: string,
    value: (listener: AdminListener) => number,
  ): void => {
    metrics.observe({
      name: `envoy_listener_${name}`,
      help,
      kind,
      labels: ['listener_address'],
      observe: (say) => {
        for (const listener of listeners()) {
          // What binds nothing accepts nothing: a captured sidecar has one for every service.
          if (listener.config.unbound !== true)
            say(value(listener), `${listener.config.address}_${listener.port}`);
        }
      },
    });
  };
  const tls =
    (value: (of: TlsCounters) => number) =>
    ({ chains }: AdminListener) =>
      Iterator.from(chains.values()).reduce((total, { tlsCounters }) => total + value(tlsCounters), 0);
  each('counter', 'downstream_cx_total', 'Connections accepted.', ({ counters }) => counters.accepted);
  each('gauge', 'downstream_cx_active', 'Connections open.', ({ counters }) => counters.active);
  each(
    'counter',
    'downstream_cx_overflow',
    'Connections turned away for being too many here.',
    ({ counters }) => counters.overflowed,
  );
  each(
    'counter',
    'downstream_global_cx_overflow',
    'Connections turned away for being too many in the proxy.',
    ({ counters }) => counters.overflowedGlobally,
  );
  each(
    'counter',
    'no_filter_chain_match',
    'Connections that no filter chain wanted.',
    ({ unmatched }) => unmatched,
  );
  each(
    'counter',
    'downstream_pre_cx_timeout',
    'Connections whose first bytes came too late.',
    (of) => of.inspectTimeouts,
  );
  each(
    'counter',
    'downstream_cx_proxy_proto_error',
    'Connections closed for a PROXY header that was missing or malformed.',
    (of) => of.proxyHeaderErrors,
  );
  each(
    'counter',
    'downstream_cx_transport_socket_connect_timeout',
    'Connections whose TLS handshake took too long.',
    tls((of) => of.refused.timeout),
  );
  for (const { name, help, value } of tlsMetrics) each('counter', name, help, tls(value));

  const http = (
    kind: 'counter' | 'gauge',
    name: string,
    help: string,
    extra: readonly string[],
    say: SayOfManager,
  ): void => {
    metrics.observe({
      name: `envoy_http_${name}`,
      help,
      kind,
      labels: ['envoy_http_conn_manager_prefix', ...extra],
      observe: (out) => {
        for (const [prefix, counters] of managers(listeners())) say(counters, prefix, out);
      },
    });
  };
  http('counter', 'downstream_rq_total', 'Requests.', [], (of, prefix, say) => say(of.total, prefix));
  http('gauge', 'downstream_rq_active', 'Requests under way.', [], (of, prefix, say) =>
    say(of.active, prefix),
  );
  http('counter', 'downstream_cx_http1_total', 'Connections that carried HTTP/1.1.', [], (of, prefix, say) =>
    say(of.http1, prefix),
  );
  http('counter', 'downstream_cx_http2_total', 'Connections that carried HTTP/2.', [], (of, prefix, say) =>
    say(of.http2, prefix),
  );
  http(
    'counter',
    'downstream_rq_xx',
    'Responses by class.',
    ['envoy_response_code_class'],
    (of, prefix, say) => {
      for (let hundreds = 1; hundreds <= 5; hundreds++)
        say(of.classes[hundreds] ?? 0, prefix, String(hundreds));
    },
  );
}

interface ManagerCounts {
  active: number;
  total: number;
  classes: number[];
  http1: number;
  http2: number;
}

type SayOfManager = (counts: ManagerCounts, prefix: string, say: Say) => void;

/** Chains of one prefix count together. */
function managers(listeners: Iterable<AdminListener>): Map<string, ManagerCounts> {
  const sums = new Map<string, ManagerCounts>();
  for (const { chains } of listeners) {
    for (const { service } of chains.values()) {
      if (service.kind !== 'http') continue;
      const { config, counters } = service.manager;
      const sum = sums.get(config.statPrefix) ?? {
        active: 0,
        total: 0,
        classes: [0, 0, 0, 0, 0, 0],
        http1: 0,
        http2: 0,
      };
      sum.active += counters.active;
      sum.total += counters.total;
      sum.http1 += counters.http1Connections;
      sum.http2 += counters.http2Connections;
      sum.classes = sum.classes.map((count, at) => count + (counters.classes[at] ?? 0));
      sums.set(config.statPrefix, sum);
    }
  }
  return sums;
}
