import type { ProxyConfig } from '@tulle/resources/istio/proxy-config';
import type { WorkloadInstance } from '../model/instances/instance.ts';
import { rootNamespaces } from '../model/origin.ts';
import { selects } from '../model/selector.ts';
import type { Finding } from './conditions.ts';

/**
 * `Applied` of a ProxyConfig: nothing is sent, and nobody tells under which settings a proxy was started, so it says for whom
 * and when they hold. Whom it selects is as `cli/up/proxy/proxy-settings.ts` has it.
 */
export function atStartCondition(
  { metadata, spec = {} }: ProxyConfig,
  instances: readonly WorkloadInstance[],
): Finding {
  const labels = spec.selector?.matchLabels ?? {};
  const isWide = Object.keys(labels).length === 0;
  const { namespace = '', generation = 0 } = metadata;
  const isForAll = isWide && rootNamespaces.includes(namespace);
  const count = instances.filter(
    (one) => (isForAll || one.namespace === namespace) && selects(labels, one.labels),
  ).length;
  return {
    type: 'Applied',
    status: 'Unknown',
    reason: count === 0 ? 'NotReferenced' : 'AtStart',
    message:
      count === 0
        ? 'no proxy that runs is selected'
        : `holds for ${count} ${count === 1 ? 'proxy' : 'proxies'} from the next start on; a changed environment also after tulle restart-proxy`,
    observedGeneration: generation,
  };
}
