import type { BreakerLimits, Cluster, TcpKeepalive, ZoneAware } from '@tulle/decision/tables/cluster';
import type {
  cluster_CircuitBreakers,
  cluster_CircuitBreakers_Thresholds,
  cluster_Cluster,
} from '@tulle/xds/wire';
import { checkSource } from '../tls/tls.ts';
import { translateTransport } from '../tls/transport-socket.ts';
import { milliseconds } from '../values/duration.ts';
import { serviceOf, textFields } from '../values/metadata.ts';
import { messageName, Problems, read } from '../values/problems.ts';
import { translateBalancer } from './balancer.ts';
import { translateAssignment } from './endpoint.ts';
import { translateHealthChecks } from './health-check.ts';
import { translateUpstreamProtocol } from './http-protocol.ts';
import { translatePolicy } from './load-balancing-policy.ts';
import { translateOutlier } from './outlier.ts';

const dynamicForwardProxy = 'envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig';

/** Envoy's defaults. */
const defaults = {
  connectTimeoutMs: 5_000,
  panicPercent: 50,
  breaker: { connections: 1024, pending: 1024, requests: 1024, retries: 3 },
} as const;

/** envoy.config.cluster.v3.Cluster, as bytes. */
export function translateCluster(bytes: Uint8Array, problems: Problems): Cluster | undefined {
  const cluster = read('envoy.config.cluster.v3.Cluster', bytes, '', problems);
  if (cluster === undefined) return undefined;
  const discovery = translateDiscovery(cluster, problems);
  const service = serviceOf(cluster.metadata);
  const { circuitBreakers, outlierDetection } = cluster;
  const { errors, ...protocol } = translateUpstreamProtocol(cluster, problems);
  const healthCheck = translateHealthChecks(cluster.healthChecks, problems);
  return {
    name: cluster.name,
    statName: cluster.altStatName || cluster.name,
    discovery,
    balancer: translateBalancer(cluster, discovery, problems),
    connectTimeoutMs: milliseconds(
      cluster.connectTimeout,
      defaults.connectTimeoutMs,
      'connect_timeout',
      problems,
    ),
    ...translateKeepalive(cluster),
    ...translateTransport(cluster.transportSocket, 'transport_socket', problems),
    tlsMatches: cluster.transportSocketMatches.map(({ match, transportSocket }, i) => ({
      match: textFields(match ?? {}),
      ...translateTransport(transportSocket, `transport_socket_matches[${i}].transport_socket`, problems),
    })),
    ...protocol,
    preconnectRatio: translatePreconnect(cluster.preconnectPolicy?.perUpstreamPreconnectRatio, problems),
    breakers: {
      default: translateBreakers(circuitBreakers, 'DEFAULT', problems),
      high: translateBreakers(circuitBreakers, 'HIGH', problems),
    },
    ...(outlierDetection && {
      outlier: { ...translateOutlier(outlierDetection, problems), ...(errors && { errors }) },
    }),
    ...(healthCheck === undefined ? {} : { healthCheck }),
    localityWeighted: isLocalityWeighted(cluster),
    ...translateZones(cluster),
    panicThresholdPercent: cluster.commonLbConfig?.healthyPanicThreshold?.value ?? defaults.panicPercent,
    ...(service === undefined ? {} : { service }),
  };
}

/** By the cluster's own settings, or by a policy that holds another. */
const isLocalityWeighted = ({ commonLbConfig, loadBalancingPolicy }: cluster_Cluster): boolean =>
  loadBalancingPolicy === undefined
    ? commonLbConfig?.localityWeightedLbConfig !== undefined
    : translatePolicy(loadBalancingPolicy, new Problems()).localityWeighted;

/** Envoy's defaults. What is off needs no callers. */
function translateZones({ commonLbConfig }: cluster_Cluster): { readonly zoneAware?: ZoneAware } {
  const zones = commonLbConfig?.zoneAwareLbConfig;
  const percent = zones?.routingEnabled?.value ?? 100;
  if (zones === undefined || percent === 0) return {};
  return { zoneAware: { percent, minHosts: zones.minClusterSize ?? 6 } };
}

function translateDiscovery(cluster: cluster_Cluster, problems: Problems): Cluster['discovery'] {
  const { clusterType, edsClusterConfig, loadAssignment } = cluster;
  if (clusterType !== undefined) {
    const kind = clusterType.typedConfig === undefined ? '' : messageName(clusterType.typedConfig);
    if (kind === dynamicForwardProxy)
      read(
        dynamicForwardProxy,
        clusterType.typedConfig?.value ?? new Uint8Array(),
        'cluster_type.typed_config',
        problems,
      );
    else problems.add('cluster_type', `${kind || clusterType.name} is not supported`);
    return { kind: 'dynamic-forward-proxy' };
  }
  const endpoints = (allowed: 'addresses' | 'names') =>
    loadAssignment === undefined
      ? []
      : translateAssignment(loadAssignment, 'load_assignment', allowed, problems);
  const refresh = (): { refreshMs?: number } => {
    const refreshMs = milliseconds(cluster.dnsRefreshRate, 0, 'dns_refresh_rate', problems);
    return refreshMs > 0 ? { refreshMs } : {};
  };
  switch (cluster.type) {
    case 'EDS':
      checkSource(edsClusterConfig?.edsConfig, 'eds_cluster_config.eds_config', problems);
      return { kind: 'eds', name: edsClusterConfig?.serviceName || cluster.name };
    case 'STRICT_DNS':
      return { kind: 'strict-dns', endpoints: endpoints('names'), ...refresh() };
    case 'LOGICAL_DNS': {
      const one = endpoints('names');
      if (one.length !== 1) problems.add('load_assignment', 'must have one endpoint with LOGICAL_DNS');
      return { kind: 'logical-dns', endpoints: one, ...refresh() };
    }
    case 'ORIGINAL_DST':
      return { kind: 'original-destination' };
    default:
      return { kind: 'static', endpoints: endpoints('addresses') };
  }
}

/** Envoy's defaults of a budget: 20 % of what is under way, and 3 at any rate. */
function translateRetries(
  limits: cluster_CircuitBreakers_Thresholds | undefined,
  problems: Problems,
): Pick<BreakerLimits, 'retries' | 'retryBudgetPercent' | 'retryBudgetIntervalMs'> {
  const { retryBudget, maxRetries = defaults.breaker.retries } = limits ?? {};
  if (retryBudget === undefined) return { retries: maxRetries };
  const { minRetryConcurrency = 3, budgetPercent, budgetInterval } = retryBudget;
  const interval = milliseconds(
    budgetInterval,
    0,
    'circuit_breakers.thresholds.retry_budget.budget_interval',
    problems,
  );
  return {
    retries: minRetryConcurrency,
    retryBudgetPercent: budgetPercent?.value ?? 20,
    ...(interval > 0 && { retryBudgetIntervalMs: interval }),
  };
}

/** Seconds become milliseconds. */
function translateKeepalive({ upstreamConnectionOptions }: cluster_Cluster): { tcpKeepalive?: TcpKeepalive } {
  const keepalive = upstreamConnectionOptions?.tcpKeepalive;
  if (keepalive === undefined) return {};
  const { keepaliveProbes: probes, keepaliveTime, keepaliveInterval } = keepalive;
  return {
    tcpKeepalive: {
      ...(probes !== undefined && { probes }),
      ...(keepaliveTime !== undefined && { idleMs: keepaliveTime * 1_000 }),
      ...(keepaliveInterval !== undefined && { intervalMs: keepaliveInterval * 1_000 }),
    },
  };
}

/** Envoy's bounds of the ratio. */
function translatePreconnect(ratio: number | undefined, problems: Problems): number {
  if (ratio === undefined || (ratio >= 1 && ratio <= 3)) return ratio ?? 1;
  problems.add('preconnect_policy.per_upstream_preconnect_ratio', 'must be from 1 to 3');
  return 1;
}

function translateBreakers(
  breakers: cluster_CircuitBreakers | undefined,
  priority: 'DEFAULT' | 'HIGH',
  problems: Problems,
): BreakerLimits {
  const limits = breakers?.thresholds.find((threshold) => threshold.priority === priority);
  return {
    connections: limits?.maxConnections ?? defaults.breaker.connections,
    pending: limits?.maxPendingRequests ?? defaults.breaker.pending,
    requests: limits?.maxRequests ?? defaults.breaker.requests,
    ...translateRetries(limits, problems),
  };
}
