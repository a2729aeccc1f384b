import type { PolicySettings, TrafficPolicySpec } from '../istio.ts';

/**
 * The settings for one port of one subset, merged as Istio does: the rule's groups; a port's settings replace all of
 * them, and what they leave out falls to the defaults (documentation of `portLevelSettings`); then the subset's groups
 * replace them one by one, and at last those of the subset's port, again all of them. Only a host as a whole has PROXY
 * headers, tunnels and retry budgets.
 */
export function settingsFor(
  rule: TrafficPolicySpec | undefined,
  subset: TrafficPolicySpec | undefined,
  port: number,
): PolicySettings {
  const base = portSettings(rule, port) ?? rule;
  const own = portSettings(subset, port);
  return {
    ...(own ?? {
      loadBalancer: subset?.loadBalancer ?? base?.loadBalancer,
      connectionPool: subset?.connectionPool ?? base?.connectionPool,
      outlierDetection: subset?.outlierDetection ?? base?.outlierDetection,
      tls: subset?.tls ?? base?.tls,
    }),
    proxyProtocol: subset?.proxyProtocol ?? rule?.proxyProtocol,
    tunnel: subset?.tunnel ?? rule?.tunnel,
    retryBudget: subset?.retryBudget ?? rule?.retryBudget,
  };
}

const portSettings = (policy: TrafficPolicySpec | undefined, port: number): PolicySettings | undefined =>
  policy?.portLevelSettings?.find((settings) => settings.port?.number === port);
