import type { Problem } from '@tulle/resources/problem';

interface TargetRef {
  readonly kind: string;
  readonly group?: string | undefined;
  readonly name: string;
}

/** The label that proxies of a Gateway of the Gateway API have. */
const gatewayLabel = 'gateway.networking.k8s.io/gateway-name';
const gatewayGroup = 'gateway.networking.k8s.io';

/** Who is meant by Istio's `targetRefs`: proxies of Gateways of the Gateway API. */
export interface GatewayTargets {
  readonly selects: (labels: Readonly<Record<string, string>>) => boolean;
  /** Targets that no proxy stands for. */
  readonly problems: readonly Problem[];
}

/** @param field where the references stand, for the paths of problems */
export function gatewayTargets(targetRefs: readonly TargetRef[], field = 'spec.targetRefs'): GatewayTargets {
  const problems: Problem[] = [];
  const gateways = targetRefs.flatMap(({ kind, group = '', name }, index) => {
    if (kind === 'Gateway' && group === gatewayGroup) return [name];
    const message = `a ${kind} has no proxies of its own here: only Gateways of ${gatewayGroup} can be targets`;
    problems.push({ severity: 'warning', code: 'not-supported', path: `${field}[${index}]`, message });
    return [];
  });
  return { selects: (labels) => gateways.includes(labels[gatewayLabel] ?? ''), problems };
}
