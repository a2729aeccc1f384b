import type { AdminBreakers, AdminCluster, AdminEndpoint, AdminGauge } from '../admin/sources.ts';
import { Histogram, type HistogramData } from '../telemetry/histogram.ts';
import { type Family, MetricRegistry, type Slot } from '../telemetry/registry.ts';

type Kind = 'counter' | 'gauge' | 'histogram';

interface Series {
  readonly labels: readonly string[];
  readonly value: number | HistogramData;
}

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly kind: Kind;
  readonly labels: readonly string[];
  readonly series: readonly Series[];
  /** Counted elsewhere than in the registry; see `Observed`. */
  readonly observed?: 'sum' | 'same';
}

/** What a cluster has seen in one worker. */
type ClusterCounts = Omit<AdminCluster, 'config'> & { readonly name: string };

/** What one worker has counted, as plain data. */
export interface WorkerStatistics {
  readonly metrics: readonly Metric[];
  readonly clusters: readonly ClusterCounts[];
}

export function takeStatistics(registry: MetricRegistry, clusters: Iterable<AdminCluster>): WorkerStatistics {
  return {
    metrics: [...familiesOf(registry), ...observedBy(registry)],
    clusters: Array.from(clusters, plain),
  };
}

/** A worker that has ended is part of the sums by what it has counted, not by what it had. */
export function withoutGauges({ metrics }: WorkerStatistics): WorkerStatistics {
  return { metrics: metrics.filter(({ kind }) => kind !== 'gauge'), clusters: [] };
}

/** One registry that reads as if one process had counted it all. */
export function mergeMetrics(all: readonly WorkerStatistics[]): MetricRegistry {
  const merged = new MetricRegistry();
  for (const [name, same] of byName(all.flatMap(({ metrics }) => metrics))) {
    const [first] = same as [Metric];
    if (first.observed === undefined) addFamily(merged, first, same);
    else
      merged.observe({
        ...first,
        name,
        kind: first.kind as 'counter' | 'gauge',
        observe: (say) => {
          const counted = first.observed === 'same' ? [first] : same;
          for (const { labels, value } of sums(counted)) say(value, ...labels);
        },
      });
  }
  return merged;
}

/** The lead's clusters, with what other workers did there added. */
export function mergeClusters(
  own: Iterable<AdminCluster>,
  others: readonly WorkerStatistics[],
): AdminCluster[] {
  return Array.from(own, (cluster) =>
    others
      .flatMap(({ clusters }) => clusters.filter(({ name }) => name === cluster.config.name))
      .reduce(addCluster, cluster),
  );
}

function* familiesOf(registry: MetricRegistry): Iterable<Metric> {
  const { families } = registry as { readonly families: readonly Family<Slot | Histogram>[] };
  for (const { name, help, kind, labels, series } of families) {
    yield {
      name,
      help,
      kind,
      labels,
      series: Array.from(series.values(), ({ values, series: one }) => ({
        labels: values,
        value: one instanceof Histogram ? one.data : registry.value(one),
      })),
    };
  }
}

function* observedBy(registry: MetricRegistry): Iterable<Metric> {
  for (const { name, help, kind, labels, sameInWorkers, observe } of registry.observed) {
    const series: Series[] = [];
    observe((value, ...values) => series.push({ labels: values, value }));
    yield { name, help, kind, labels, series, observed: sameInWorkers === true ? 'same' : 'sum' };
  }
}

function byName(metrics: readonly Metric[]): Map<string, Metric[]> {
  const groups = new Map<string, Metric[]>();
  for (const metric of metrics) {
    const group = groups.get(metric.name);
    if (group === undefined) groups.set(metric.name, [metric]);
    else group.push(metric);
  }
  return groups;
}

function addFamily(
  merged: MetricRegistry,
  { name, help, kind, labels }: Metric,
  same: readonly Metric[],
): void {
  const options = { name, help, labels, maxSeries: Number.POSITIVE_INFINITY };
  const series = same.flatMap((metric) => metric.series);
  if (kind === 'histogram') {
    const [first] = series;
    const buckets = (first?.value as HistogramData | undefined)?.buckets;
    const family: Family<Histogram> = merged.histogram({
      ...options,
      ...(buckets === undefined ? {} : { buckets }),
    });
    for (const { labels: values, value } of series) family.with(...values).add(value as HistogramData);
    return;
  }
  const family = kind === 'counter' ? merged.counter(options) : merged.gauge(options);
  for (const { labels: values, value } of series) merged.add(family.with(...values), value as number);
}

function sums(metrics: readonly Metric[]): Iterable<{ labels: readonly string[]; value: number }> {
  const found = new Map<string, { labels: readonly string[]; value: number }>();
  for (const { labels, value } of metrics.flatMap(({ series }) => series)) {
    const key = labels.join('\u0000');
    const sum = found.get(key);
    if (sum === undefined) found.set(key, { labels, value: value as number });
    else sum.value += value as number;
  }
  return found.values();
}

function plain({ config, breakers, outliers, health, endpoints }: AdminCluster): ClusterCounts {
  return {
    name: config.name,
    breakers: { default: plainBreakers(breakers.default), high: plainBreakers(breakers.high) },
    outliers: { ejectionsTotal: outliers.ejectionsTotal },
    ...(health === undefined ? {} : { health: { counters: { ...health.counters } } }),
    endpoints: endpoints.map((endpoint) => ({
      config: endpoint.config,
      active: endpoint.active,
      ejected: endpoint.ejected,
      failedCheck: endpoint.failedCheck,
      pendingCheck: endpoint.pendingCheck,
      counters: { ...endpoint.counters },
    })),
  };
}

function plainBreakers(of: AdminBreakers): AdminBreakers {
  const gauge = ({ value, limit, refused }: AdminGauge): AdminGauge => ({ value, limit, refused });
  return {
    connections: gauge(of.connections),
    pending: gauge(of.pending),
    requests: gauge(of.requests),
    retries: gauge(of.retries),
  };
}

function addCluster(one: AdminCluster, other: ClusterCounts): AdminCluster {
  const left = new Map(other.endpoints.map((endpoint) => [addressOf(endpoint), endpoint]));
  const endpoints = one.endpoints.map((endpoint) => {
    const same = left.get(addressOf(endpoint));
    left.delete(addressOf(endpoint));
    return same === undefined ? endpoint : addEndpoint(endpoint, same);
  });
  // Of a cluster without endpoints of its own a worker knows those that its requests have named.
  const more = one.config.discovery.kind === 'dynamic-forward-proxy' ? left.values() : [];
  return {
    config: one.config,
    breakers: {
      default: addBreakers(one.breakers.default, other.breakers.default),
      high: addBreakers(one.breakers.high, other.breakers.high),
    },
    outliers: { ejectionsTotal: one.outliers.ejectionsTotal + other.outliers.ejectionsTotal },
    // The lead alone asks.
    health: one.health,
    endpoints: [...endpoints, ...more],
  };
}

function addBreakers(one: AdminBreakers, other: AdminBreakers): AdminBreakers {
  const add = (a: AdminGauge, b: AdminGauge): AdminGauge => ({
    value: a.value + b.value,
    limit: a.limit,
    refused: a.refused + b.refused,
  });
  return {
    connections: add(one.connections, other.connections),
    pending: add(one.pending, other.pending),
    requests: add(one.requests, other.requests),
    retries: add(one.retries, other.retries),
  };
}

function addEndpoint(one: AdminEndpoint, other: AdminEndpoint): AdminEndpoint {
  const [a, b] = [one.counters, other.counters];
  return {
    config: one.config,
    active: one.active + other.active,
    ejected: one.ejected || other.ejected,
    failedCheck: one.failedCheck,
    pendingCheck: one.pendingCheck,
    counters: {
      connections: a.connections + b.connections,
      connectionsTotal: a.connectionsTotal + b.connectionsTotal,
      http1Total: a.http1Total + b.http1Total,
      http2Total: a.http2Total + b.http2Total,
      connectFailures: a.connectFailures + b.connectFailures,
      requestsTotal: a.requestsTotal + b.requestsTotal,
      requestsSucceeded: a.requestsSucceeded + b.requestsSucceeded,
      requestsFailed: a.requestsFailed + b.requestsFailed,
      timeouts: a.timeouts + b.timeouts,
    },
  };
}

const addressOf = ({ config }: AdminEndpoint): string => `${config.address} ${config.port}`;
