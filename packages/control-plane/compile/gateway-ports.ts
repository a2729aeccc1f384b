import type { ProxyMetadata } from '@tulle/xds/node';
import type { Gateway, GatewayServer } from '../model/gateway.ts';
import type { ConfigModel } from '../model/model.ts';
import { selects } from '../model/selector.ts';

/** Where a server of a Gateway really listens. */
export interface Binding {
  readonly address: string;
  readonly port: number;
}

/** A server of a gateway, bound. */
export interface BoundServer {
  readonly gateway: Gateway;
  readonly server: GatewayServer;
  readonly binding: Binding;
  /** Where the same Gateway serves HTTPS, if it does: what `httpsRedirect` leads to. */
  readonly httpsPort: number | undefined;
}

/** Ports of Istio's gateway pods for the ports that its Service offers, where no Service says otherwise. */
const wellKnown: Readonly<Record<number, number>> = { 80: 8080, 443: 8443 };

/**
 * The servers that a gateway proxy serves, the oldest Gateway first. A server's port is that of the gateway's
 * Service, which leads to a port of the pod, which the proxy's metadata binds; a server for the pod's port
 * itself is the same listener. A port that nothing maps binds itself.
 */
export function boundServers(config: ConfigModel, node: ProxyMetadata): BoundServer[] {
  const targets = servicePorts(config, node);
  return config.gateways
    .filter((gateway) => selects(gateway.selector, node.LABELS))
    .flatMap((gateway) => {
      const bound = gateway.servers.map((server) => {
        const number = server.spec.port.number;
        const pod = targets.get(number) ?? wellKnown[number] ?? number;
        const inbound = node.TULLE_INBOUND.find((port) => port.port === pod);
        const address = server.spec.bind || inbound?.bindAddress || config.mesh.gateways.address;
        return { gateway, server, binding: { address, port: inbound?.bindPort ?? pod } };
      });
      const https = bound.find(({ server }) => server.protocol === 'https');
      return bound.map((one) => ({ ...one, httpsPort: https?.binding.port }));
    });
}

/** Port of the Service ⇒ port of the pod, of all Services in front of this proxy. */
function servicePorts(config: ConfigModel, node: ProxyMetadata): ReadonlyMap<number, number> {
  const targets = new Map<number, number>();
  for (const { selector, ports } of config.services.byNamespace(node.NAMESPACE)) {
    if (selector === undefined || !selects(selector, node.LABELS)) continue;
    for (const { number, targetPort } of ports) {
      const pod =
        typeof targetPort === 'number'
          ? targetPort
          : node.TULLE_INBOUND.find((port) => port.name === targetPort)?.port;
      if (pod !== undefined && !targets.has(number)) targets.set(number, pod);
    }
  }
  return targets;
}
