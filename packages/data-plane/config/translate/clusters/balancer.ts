import type { BalancerPolicy, Cluster, WarmUp } from '@tulle/decision/tables/cluster';
import type { cluster_Cluster, cluster_Cluster_SlowStartConfig } from '@tulle/xds/wire';
import { milliseconds } from '../values/duration.ts';
import type { Problems } from '../values/problems.ts';
import { translatePolicy } from './load-balancing-policy.ts';
import { isPrime } from './prime.ts';

/** Envoy's defaults and bounds. */
const ring = { min: 1024, max: 8 * 1024 * 1024 } as const;
const table = { size: 65_537, max: 5_000_011 } as const;

/** How a cluster picks its endpoints: `lb_policy` and its settings. */
export function translateBalancer(
  cluster: cluster_Cluster,
  discovery: Cluster['discovery'],
  problems: Problems,
): BalancerPolicy {
  if (discovery.kind === 'dynamic-forward-proxy' || discovery.kind === 'original-destination')
    return { kind: 'cluster-provided' };
  if (cluster.loadBalancingPolicy !== undefined)
    return translatePolicy(cluster.loadBalancingPolicy, problems).balancer;
  switch (cluster.lbPolicy) {
    case 'ROUND_ROBIN':
      return {
        kind: 'round-robin',
        ...translateWarmUp(cluster.roundRobinLbConfig?.slowStartConfig, 'round_robin_lb_config', problems),
      };
    case 'RANDOM':
      return { kind: 'random' };
    case 'LEAST_REQUEST': {
      const {
        choiceCount: choices = 2,
        activeRequestBias,
        slowStartConfig,
      } = cluster.leastRequestLbConfig ?? {};
      const activeBias = activeRequestBias?.defaultValue ?? 1;
      if (choices < 2) problems.add('least_request_lb_config.choice_count', 'must be at least 2');
      if (activeBias < 0) problems.add('least_request_lb_config.active_request_bias', 'must not be negative');
      const warmUp = translateWarmUp(slowStartConfig, 'least_request_lb_config', problems);
      return { kind: 'least-request', choices, activeBias, ...warmUp };
    }
    case 'RING_HASH': {
      const { minimumRingSize = ring.min, maximumRingSize = ring.max } = cluster.ringHashLbConfig ?? {};
      if (minimumRingSize > maximumRingSize || maximumRingSize > ring.max)
        problems.add('ring_hash_lb_config', 'ring sizes are out of range');
      return { kind: 'ring-hash', minRingSize: minimumRingSize, maxRingSize: maximumRingSize };
    }
    case 'MAGLEV': {
      const { tableSize = table.size } = cluster.maglevLbConfig ?? {};
      if (tableSize > table.max || !isPrime(tableSize))
        problems.add('maglev_lb_config.table_size', `must be a prime of at most ${table.max}`);
      return { kind: 'maglev', tableSize };
    }
    default:
      problems.add('lb_policy', `${cluster.lbPolicy} is not supported`);
      return { kind: 'round-robin' };
  }
}

function translateWarmUp(
  config: cluster_Cluster_SlowStartConfig | undefined,
  path: string,
  problems: Problems,
): { readonly warmUp?: WarmUp } {
  const at = `${path}.slow_start_config`;
  const windowMs = milliseconds(config?.slowStartWindow, 0, `${at}.slow_start_window`, problems);
  if (windowMs === 0) return {};
  const aggression = config?.aggression?.defaultValue ?? 1;
  if (!(aggression > 0)) problems.add(`${at}.aggression`, 'must be above 0');
  return { warmUp: { windowMs, aggression, minimumPercent: config?.minWeightPercent?.value ?? 10 } };
}
