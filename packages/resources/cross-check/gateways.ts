import { type Finding, warning } from '../finding.ts';
import { gatewayKey } from '../istio/gateway-name.ts';
import { isDelegate } from '../istio/virtual-service/check.ts';
import { nearestName } from '../nearest.ts';
import type { ResourceSet } from './resource-set.ts';

/** Gateways that VirtualServices name and the set does not define. */
export function gateways(set: ResourceSet, report: (index: number, finding: Finding) => void): void {
  const known = set.gateways.map(({ resource, namespace }) => `${namespace}/${resource.metadata.name}`);
  for (const { index, namespace, resource } of set.virtualServices) {
    if (isDelegate(resource.spec)) continue;
    for (const [at, name] of (resource.spec.gateways ?? []).entries()) {
      if (name === 'mesh') continue;
      const full = gatewayKey(name, namespace);
      if (known.includes(full)) continue;
      const near = nearestName(full, known);
      report(
        index,
        warning(
          'unknown-gateway',
          ['spec', 'gateways', at],
          `no Gateway here is named ${full}${near === undefined ? '' : `; did you mean ${near}?`}`,
        ),
      );
    }
  }
}
