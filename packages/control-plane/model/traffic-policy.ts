import type { PolicySettings, TrafficPolicySpec } from './istio.ts';

/**
 * The settings for one port of one subset. A subset's groups replace the rule's, group by group; settings of a
 * port replace all of them, and what they leave out falls to the defaults (Istio's documentation of
 * `portLevelSettings`). The subset's port settings come before the rule's. Only a host has PROXY headers.
 */
export function settingsFor(
  rule: TrafficPolicySpec | undefined,
  subset: TrafficPolicySpec | undefined,
  port: number,
): PolicySettings {
  const proxyProtocol = subset?.proxyProtocol ?? rule?.proxyProtocol;
  for (const policy of [subset, rule]) {
    const own = policy?.portLevelSettings?.find((settings) => settings.port?.number === port);
    if (own !== undefined) return { ...own, proxyProtocol };
  }
  return {
    loadBalancer: subset?.loadBalancer ?? rule?.loadBalancer,
    connectionPool: subset?.connectionPool ?? rule?.connectionPool,
    outlierDetection: subset?.outlierDetection ?? rule?.outlierDetection,
    tls: subset?.tls ?? rule?.tls,
    proxyProtocol,
  };
}
