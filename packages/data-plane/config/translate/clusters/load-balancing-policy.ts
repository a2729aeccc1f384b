import type { BalancerPolicy } from '@tulle/decision/tables/cluster';
import type { cluster_LoadBalancingPolicy } from '@tulle/xds/wire';
import { milliseconds } from '../values/duration.ts';
import { join, messageName, type Problems, read } from '../values/problems.ts';

const policies = 'envoy.extensions.load_balancing_policies.';
const weighted = `${policies}client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin` as const;
const byLocality = `${policies}wrr_locality.v3.WrrLocality` as const;

/** A policy that is an extension. Envoy takes the first that it has of the list; ours lists one. */
export function translatePolicy(
  { policies: [first] }: cluster_LoadBalancingPolicy,
  problems: Problems,
  path = 'load_balancing_policy',
): { readonly balancer: BalancerPolicy; readonly localityWeighted: boolean } {
  const at = join(path, 'policies[0].typed_extension_config.typed_config');
  const config = first?.typedExtensionConfig?.typedConfig;
  const name = config === undefined ? '' : messageName(config);
  if (config !== undefined && name === byLocality) {
    const inner = read(byLocality, config.value, at, problems)?.endpointPickingPolicy;
    if (inner !== undefined)
      return {
        ...translatePolicy(inner, problems, join(at, 'endpoint_picking_policy')),
        localityWeighted: true,
      };
  }
  if (config === undefined || name !== weighted) {
    problems.add(at, `${name || 'a policy without configuration'} is not supported`);
    return { balancer: { kind: 'round-robin' }, localityWeighted: false };
  }
  const settings = read(weighted, config.value, at, problems);
  // Envoy's defaults.
  return {
    balancer: {
      kind: 'utilization',
      stabilizationMs: milliseconds(settings?.blackoutPeriod, 10_000, join(at, 'blackout_period'), problems),
      expirationMs: milliseconds(
        settings?.weightExpirationPeriod,
        180_000,
        join(at, 'weight_expiration_period'),
        problems,
      ),
      updateMs: milliseconds(settings?.weightUpdatePeriod, 1_000, join(at, 'weight_update_period'), problems),
      errorPenalty: settings?.errorUtilizationPenalty ?? 0,
      metricNames: settings?.metricNamesForComputingUtilization ?? [],
    },
    localityWeighted: false,
  };
}
