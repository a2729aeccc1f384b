import fc from 'fast-check';
import { expect, test } from 'vitest';
import { flatStats, statsJson, statsText } from './envoy-stats.ts';
import { Histogram } from './histogram.ts';
import { httpLabels, namespaceOf } from './istio-labels.ts';
import { IstioMetrics } from './istio-metrics.ts';
import { prometheusText } from './prometheus.ts';
import { MetricRegistry } from './registry.ts';
import { responseFlags } from './response-flags.ts';

test('label sets are resolved to slots once', () => {
  const registry = new MetricRegistry();
  const family = registry.counter({ name: 'a_total', help: 'A.', labels: ['x', 'y'] });
  const slot = family.with('1', '2');
  expect(family.with('1', '2')).toBe(slot);
  expect(family.with('12', '')).not.toBe(slot);
  registry.increment(slot);
  registry.add(slot, 2);
  expect(registry.value(slot)).toBe(3);
  for (let at = 0; at < 1_000; at++) registry.increment(family.with('many', String(at)));
  expect(registry.value(slot)).toBe(3);
});

test('series of a metric are bounded: the rest share one', () => {
  const registry = new MetricRegistry();
  const family = registry.counter({ name: 'a_total', help: 'A.', labels: ['host'], maxSeries: 3 });
  for (let at = 0; at < 10; at++) registry.increment(family.with(`h${at}`));
  expect(family.series.size).toBe(4);
  expect(registry.value(family.with('overflow'))).toBe(7);
});

test('two metrics of one name are a mistake', () => {
  const registry = new MetricRegistry();
  registry.counter({ name: 'a', help: '' });
  expect(() => registry.gauge({ name: 'a', help: '' })).toThrow('two metrics');
});

test('Prometheus text: help, type, escapes, cumulative buckets', () => {
  const registry = new MetricRegistry();
  const counter = registry.counter({ name: 'a_total', help: 'Line\none \\', labels: ['x'] });
  registry.increment(counter.with('q"\\\n'));
  const histogram = registry.histogram({ name: 'b', help: 'B.', labels: ['x'], buckets: [1, 10] });
  for (const value of [0.5, 1, 5, 50]) histogram.with('v').record(value);
  registry.gauge({ name: 'unused', help: 'U.' });
  registry.observe({
    name: 'c',
    help: 'C.',
    kind: 'gauge',
    labels: [],
    observe: (say) => say(7),
  });
  expect(prometheusText(registry)).toBe(
    [
      '# HELP a_total Line\\none \\\\',
      '# TYPE a_total counter',
      'a_total{x="q\\"\\\\\\n"} 1',
      '# HELP b B.',
      '# TYPE b histogram',
      'b_bucket{x="v",le="1"} 2',
      'b_bucket{x="v",le="10"} 3',
      'b_bucket{x="v",le="+Inf"} 4',
      'b_sum{x="v"} 56.5',
      'b_count{x="v"} 4',
      '# HELP c C.',
      '# TYPE c gauge',
      'c 7',
      '',
    ].join('\n'),
  );
  expect(prometheusText(registry, (name) => name === 'c')).toBe('# HELP c C.\n# TYPE c gauge\nc 7\n');
});

test('flat stats as Envoy lists them', () => {
  const registry = new MetricRegistry();
  registry.increment(registry.counter({ name: 'b', help: '', labels: ['x'] }).with('1'));
  registry.histogram({ name: 'a', help: '' }).with().record(3);
  const stats = flatStats(registry);
  expect(statsText(stats)).toMatch(/^a: P0\(nan,3\.\d+\) .*\nb\.;\.x=\.=1: 1\n$/);
  expect(statsJson(stats)).toMatchObject({ stats: [{ name: 'b.;.x=.=1', value: 1 }, { histograms: {} }] });
});

test('quantiles are within 6.25 % of the truth', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 1, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 200 }),
      fc.constantFrom(0, 0.5, 0.9, 0.99, 1),
      (values, q) => {
        const histogram = new Histogram();
        for (const value of values) histogram.record(value);
        const sorted = values.toSorted((a, b) => a - b);
        const truth = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] as number;
        expect(Math.abs(histogram.quantile(q) - truth) / truth).toBeLessThanOrEqual(0.0625);
        expect(histogram.counts.reduce((sum, count) => sum + count, 0)).toBe(values.length);
      },
    ),
  );
});

const reviews = {
  workload: 'reviews-v1',
  namespace: 'default',
  app: 'reviews',
  version: 'v1',
  canonicalName: 'reviews',
  canonicalRevision: 'v1',
  cluster: 'local',
};
const productpage = {
  ...reviews,
  workload: 'productpage-v1',
  app: 'productpage',
  canonicalName: 'productpage',
};
const principal = (account: string): string => `spiffe://mesh.test/ns/default/sa/${account}`;

test('both reporters name both sides, without an unknown', () => {
  const registry = new MetricRegistry();
  const metrics = new IstioMetrics(registry);
  const service = { serviceHost: 'reviews.default.svc.cluster.local', serviceName: 'reviews' };
  const source = metrics.pair({
    ...service,
    reporter: 'source',
    self: productpage,
    peer: reviews,
    selfPrincipal: principal('productpage'),
    peerPrincipal: principal('reviews'),
    security: 'mutual_tls',
  });
  const destination = metrics.pair({
    ...service,
    reporter: 'destination',
    self: reviews,
    peer: productpage,
    selfPrincipal: principal('reviews'),
    peerPrincipal: principal('productpage'),
    security: 'mutual_tls',
  });
  const outcome = {
    grpcStatus: -1,
    startedMono: 1000,
    endedAt: 1004,
    requestBytes: 0,
    responseBytes: 300,
    requestMessages: 0,
    responseMessages: 0,
  } as const;
  for (const pair of [source, destination]) {
    pair.recordHttp('http', { ...outcome, status: 200, flags: [] });
    pair.recordHttp('http', { ...outcome, status: 200, flags: [] });
    pair.recordHttp('http', { ...outcome, status: 503, flags: ['UF', 'URX'] });
  }
  const lines = prometheusText(registry)
    .split('\n')
    .filter((line) => line.startsWith('istio_requests_total'));
  expect(lines).toHaveLength(4);
  expect(lines.join()).not.toContain('unknown');
  const labels = (reporter: string, code: string, flags: string): string =>
    [
      `reporter="${reporter}"`,
      'source_workload="productpage-v1"',
      'source_canonical_service="productpage"',
      'source_canonical_revision="v1"',
      'source_workload_namespace="default"',
      `source_principal="${principal('productpage')}"`,
      'source_app="productpage"',
      'source_version="v1"',
      'source_cluster="local"',
      'destination_workload="reviews-v1"',
      'destination_workload_namespace="default"',
      `destination_principal="${principal('reviews')}"`,
      'destination_app="reviews"',
      'destination_version="v1"',
      'destination_service="reviews.default.svc.cluster.local"',
      'destination_canonical_service="reviews"',
      'destination_canonical_revision="v1"',
      'destination_service_name="reviews"',
      'destination_service_namespace="default"',
      'destination_cluster="local"',
      'request_protocol="http"',
      `response_code="${code}"`,
      'grpc_response_status=""',
      `response_flags="${flags}"`,
      'connection_security_policy="mutual_tls"',
    ].join(',');
  for (const reporter of ['source', 'destination']) {
    expect(lines).toContain(`istio_requests_total{${labels(reporter, '200', '-')}} 2`);
    expect(lines).toContain(`istio_requests_total{${labels(reporter, '503', 'UF,URX')}} 1`);
  }
  expect(httpLabels).toHaveLength(25);
});

test('a stranger is unknown, but for what its certificate proves', () => {
  const registry = new MetricRegistry();
  const pair = new IstioMetrics(registry).pair({
    reporter: 'destination',
    self: reviews,
    peer: { ...productpage, namespace: 'pretended' },
    selfPrincipal: principal('reviews'),
    peerPrincipal: 'spiffe://mesh.test/ns/proven/sa/x',
    serviceHost: '',
    serviceName: '',
    security: 'mutual_tls',
  });
  const tcp = pair.openTcp();
  tcp.received(10);
  tcp.sent(20);
  tcp.close();
  tcp.close();
  const text = prometheusText(registry);
  expect(text).toContain('source_workload_namespace="proven"');
  expect(text).toContain('destination_service="reviews"');
  expect(text).toMatch(/istio_tcp_sent_bytes_total\{.*\} 20\n/);
  expect(text).toMatch(/istio_tcp_connections_closed_total\{.*\} 1\n/);
  expect(namespaceOf('spiffe://mesh.test/other')).toBe('');
});

test('response flags have each their own name and meaning', () => {
  const rows = Object.values(responseFlags);
  expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
  expect(new Set(rows.map(({ meaning }) => meaning)).size).toBe(rows.length);
  for (const code of Object.keys(responseFlags)) expect(code).toMatch(/^[A-Z]{2,5}$/);
});
