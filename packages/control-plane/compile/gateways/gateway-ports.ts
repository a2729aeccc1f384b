import type { ProxyMetadata } from '@tulle/xds/node';
import type { ConfigModel } from '../../model/model.ts';
import { selects } from '../../model/selector.ts';
import type { Gateway, GatewayServer } from '../../model/traffic/gateway.ts';
import { gatewayPodPorts } from '../../model/traffic/gateway-pod-ports.ts';

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

/**
 * The servers that a gateway proxy serves, the oldest Gateway first. A server's port is that of the gateway's
 * Service, which leads to a port of the pod, which the proxy's metadata binds; a server for the pod's port
 * itself is the same listener. A port that nothing maps binds itself.
 */
export function boundServers(config: ConfigModel, node: ProxyMetadata): BoundServer[] {
  const { NAMESPACE: namespace, LABELS: labels, TULLE_INBOUND: ports } = node;
  const podPort = gatewayPodPorts(config, { namespace, labels, ports });
  return config.gateways
    .filter((gateway) => selects(gateway.selector, labels))
    .flatMap((gateway) => {
      const bound = gateway.servers.map((server) => {
        const number = server.spec.port.number;
        const pod = podPort(number);
        const inbound = ports.find((port) => port.port === pod);
        const address = server.spec.bind || inbound?.bindAddress || config.mesh.gateways.address;
        return { gateway, server, binding: { address, port: inbound?.bindPort ?? pod } };
      });
      const https = bound.find(({ server }) => server.protocol === 'https');
      return bound.map((one) => ({ ...one, httpsPort: https?.binding.port }));
    });
}
