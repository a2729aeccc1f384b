import type { PolicySettings, TrafficPolicySpec } from './istio.ts';

/**
 * The settings for one port of one subset. A subset's groups replace the rule's, group by group; settings of a
 * port replace all of them, and what they leave out falls to the defaults (Istio's documentation of
 * `portLevelSettings`). The subset's port settings come before the rule's.
 */
export function settingsFor(
  rule: TrafficPolicySpec | undefined,
  subset: TrafficPolicySpec | undefined,
  port: number,
): PolicySettings {
  for (const policy of [subset, rule]) {
    const own = policy?.portLevelSettings?.find((settings) => settings.port?.number === port);
    if (own !== undefined) return own;
  }
  return {
    loadBalancer: subset?.loadBalancer ?? rule?.loadBalancer,
    connectionPool: subset?.connectionPool ?? rule?.connectionPool,
    outlierDetection: subset?.outlierDetection ?? rule?.outlierDetection,
    tls: subset?.tls ?? rule?.tls,
  };
}
