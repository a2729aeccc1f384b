import type { ConfigModel } from '../../../model/model.ts';
import { resourceKey } from '../../../model/origin.ts';
import type { VirtualService } from '../../../model/traffic/virtual-service.ts';
import type { BoundServer } from '../../gateways/gateway-ports.ts';
import { servedBy } from '../../gateways/gateway-routes.ts';
import type { Engine, ProxyDescription } from '../../proxy.ts';
import type { View } from '../../scope/view.ts';
import type { BandwidthPolicy } from './bandwidth.ts';
import { type ManagerLimits, managerLimits } from './manager-limits.ts';

/** What a workload is asked. Its routes are its own, and no VirtualService's. */
export function inboundLimits(config: ConfigModel, { metadata }: ProxyDescription): ManagerLimits {
  const { NAMESPACE: namespace, LABELS: labels, TULLE_ENGINE: engine } = metadata;
  const scope = { namespace, labels, direction: 'INBOUND', hasRoutesOf: () => false } as const;
  return managerLimits(config, scope, engine);
}

/** The rates of connections to a workload that carry bytes. */
export function inboundRates(
  config: ConfigModel,
  { metadata }: ProxyDescription,
): readonly BandwidthPolicy[] {
  return config.limits.bandwidth.ofWorkload(metadata.NAMESPACE, metadata.LABELS, 'INBOUND');
}

/** What workloads ask of others, by the routes that they see. */
export function outboundLimits(view: View, engine: Engine): ManagerLimits {
  return view.once(`outbound limits ${engine}`, () => {
    const routed = ruleKeys(view.virtualServices);
    const { config, namespace, labels } = view;
    const scope = {
      namespace,
      labels,
      direction: 'OUTBOUND',
      hasRoutesOf: (key: string) => routed.has(key),
    } as const;
    return managerLimits(config, scope, engine);
  });
}

/** What comes in through servers of a gateway proxy that share a connection manager. */
export function gatewayLimits(
  view: View,
  { metadata }: ProxyDescription,
  servers: readonly BoundServer[],
): ManagerLimits {
  const routed = new Set([
    ...servers.map(({ gateway }) => `Gateway/${gateway.key}`),
    ...ruleKeys(servers.flatMap((bound) => servedBy(view, bound).map(({ service }) => service))),
  ]);
  const scope = {
    namespace: metadata.NAMESPACE,
    labels: metadata.LABELS,
    direction: 'INBOUND',
    hasRoutesOf: (key: string) => routed.has(key),
  } as const;
  return managerLimits(view.config, scope, metadata.TULLE_ENGINE);
}

/** Whose rules they have: their own, and their delegates'. */
function ruleKeys(services: readonly VirtualService[]): Set<string> {
  return new Set(services.flatMap(({ http }) => http.flatMap(({ origins }) => origins.map(resourceKey))));
}
