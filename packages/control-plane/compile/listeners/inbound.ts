import { TrafficDirection } from '@tulle/xds/gen/envoy/config/core/v3/base_pb.js';
import type { Origin, XdsResource } from '@tulle/xds/resource';
import type { MtlsMode } from '../../model/istio.ts';
import type { MeshSettings } from '../../model/mesh/mesh.ts';
import type { ConfigModel } from '../../model/model.ts';
import { selects } from '../../model/selector.ts';
import { type Protocol, portProtocol } from '../../model/services/protocol.ts';
import { portTo, type Service } from '../../model/services/service.ts';
import { inboundCluster, inboundClusterName } from '../clusters/fixed-clusters.ts';
import { httpManager, type NetworkFilter } from '../filters/http-manager.ts';
import { bandwidthNetworkFilters, bandwidthNotes } from '../filters/limits/bandwidth.ts';
import { portConcurrency } from '../filters/limits/concurrency.ts';
import type { RateLimitServiceRef } from '../filters/limits/global-rate-limit.ts';
import type { ManagerLimits } from '../filters/limits/manager-limits.ts';
import { inboundLimits, inboundRates } from '../filters/limits/sides.ts';
import { tcpProxy } from '../filters/tcp-proxy.ts';
import { type ManagerTokens, managerTokens } from '../filters/tokens/manager-tokens.ts';
import { none } from '../messages/duration.ts';
import { metadata } from '../messages/origins.ts';
import { type Note, note } from '../note.ts';
import type { Engine, ProxyDescription } from '../proxy.ts';
import { inboundRetryPolicy } from '../routes/retry.ts';
import { everything } from '../routes/route-match.ts';
import { detectionTimeout, layerOf } from '../scope/protocol.ts';
import type { ServedPort } from '../scope/served-ports.ts';
import { endedTls } from '../tls/gateway-tls.ts';
import { anyOf, meshServerTls, type TransportSocket } from '../tls/mesh-tls.ts';
import { type ChainKind, edgeChains, inboundChains, mayWaitForServer } from './inbound-chains.ts';
import { type Duration, type FilterChain, listener } from './listener.ts';

/** What serves one port of a sidecar's application. */
export interface Inbound {
  readonly port: ServedPort;
  /** @param destinationPort the one that they are for, where a listener has several */
  readonly filterChains: (destinationPort?: number) => readonly FilterChain[];
  /** Where a client may wait for the server to speak: how long first bytes are waited for. */
  readonly inspectFor: Duration | undefined;
  readonly origins: readonly Origin[];
  readonly listeners: readonly XdsResource[];
  readonly cluster: XdsResource;
  readonly notes: readonly Note[];
  /** Services that its filters ask. */
  readonly calls: readonly RateLimitServiceRef[];
}

/**
 * A port of the application as its sidecar serves it: chains by what callers may speak, and the cluster behind them.
 */
export function inbound(config: ConfigModel, proxy: ProxyDescription, served: ServedPort): Inbound {
  const { metadata: node } = proxy;
  const { mode, origin } = config.peerAuthentications.decide(node.NAMESPACE, node.LABELS, served.port);
  const protocol = inboundProtocol(config, proxy, served);
  const layer = layerOf(protocol);
  const concurrency = portConcurrency(config.limits.concurrency, proxy, served, protocol);
  const port = { ...served, connectionPool: concurrency.connectionPool };
  const { origins, connectionPool } = port;
  const limits = inboundLimits(config, proxy);
  const tokens = managerTokens(config, node, 'inbound');
  const policies = [
    ...origins,
    ...(origin === undefined ? [] : [origin]),
    ...tokens.origins,
    ...limits.origins,
    ...concurrency.origins,
  ];
  const cluster = inboundClusterName(port.id);
  const filter = ({ layer: carries, alpn }: ChainKind): NetworkFilter =>
    carries === 'http'
      ? httpFilter(config, proxy, port, alpn !== undefined, protocol === 'grpc-web', tokens, limits)
      : tcpProxy(config.mesh, cluster, [{ name: cluster, weight: 1, settings: { connectionPool } }]);
  const rates = layer === 'http' ? [] : inboundRates(config, proxy);
  const before = bandwidthNetworkFilters(rates, node.TULLE_ENGINE);
  const ended =
    port.tls === undefined
      ? undefined
      : edgeTls(port, protocol === 'https', mode, config.mesh, node.TULLE_ENGINE);
  const socketOf = ({ alpn }: ChainKind): TransportSocket | undefined =>
    alpn ? meshServerTls(config.mesh, anyOf(config.mesh), alpn, node.TULLE_ENGINE) : ended?.socket;
  const kinds = ended?.socket ? edgeChains(protocol === 'https') : inboundChains(layer, mode);
  const filterChains = (destinationPort?: number): FilterChain[] =>
    kinds.map((kind) => {
      const transportSocket = socketOf(kind);
      const match = { ...kind.match, ...(destinationPort !== undefined && { destinationPort }) };
      return {
        name: `inbound_${port.id}_${kind.name}`,
        ...(Object.keys(match).length > 0 && { filterChainMatch: match }),
        filters: [...(kind.layer === 'tcp' ? before : []), filter(kind)],
        ...(transportSocket && { transportSocket }),
      };
    });
  const inspectFor = mayWaitForServer(layer, mode) ? detectionTimeout(config.mesh) : undefined;
  return {
    port,
    filterChains,
    inspectFor,
    origins: policies,
    listeners: port.bindings.map((binding) =>
      listener({
        ...binding,
        direction: TrafficDirection.INBOUND,
        filterChains: filterChains(),
        origins: policies,
        ...(inspectFor && { inspectFor }),
      }),
    ),
    cluster: inboundCluster(
      { ...port, origins: [...port.origins, ...concurrency.origins] },
      protocol,
      servicesOf(config, proxy, port),
      config.mesh,
    ),
    calls: limits.services,
    notes: [
      ...(ended?.notes ?? []),
      ...tokens.notes,
      ...limits.notes,
      ...concurrency.notes,
      ...rates.flatMap((policy) => bandwidthNotes(policy, node.TULLE_ENGINE, true)),
    ],
  };
}

/** A Sidecar's own TLS for clients outside the mesh: where those of the mesh are not asked for theirs. */
function edgeTls(
  port: ServedPort,
  isHttp: boolean,
  mode: MtlsMode,
  mesh: MeshSettings,
  engine: Engine,
): { readonly socket?: TransportSocket; readonly notes: readonly Note[] } {
  const [origin] = port.origins;
  const noted = (message: string): { readonly notes: readonly Note[] } => ({
    notes: origin === undefined ? [] : [note(origin, 'no-effect', message, `${origin.path}.tls`)],
  });
  if (mode !== 'DISABLE')
    return noted(`mTLS is ${mode} on port ${port.id}: a PeerAuthentication must DISABLE it there`);
  const ended = endedTls(port.tls ?? {}, isHttp, mesh, engine);
  return 'lacks' in ended ? noted(ended.lacks) : { socket: ended.socket, notes: [] };
}

function httpFilter(
  config: ConfigModel,
  proxy: ProxyDescription,
  port: ServedPort,
  peerTls: boolean,
  grpcWeb: boolean,
  tokens: ManagerTokens,
  limits: ManagerLimits,
): NetworkFilter {
  const name = inboundClusterName(port.id);
  return httpManager(config.mesh, proxy.metadata.TULLE_ENGINE, {
    side: 'inbound',
    statPrefix: `inbound_${port.bindings[0]?.address ?? ''}_${port.id}`,
    peerTls,
    connect: false,
    grpcWeb,
    tokens,
    limits,
    routes: {
      name,
      validateClusters: false,
      virtualHosts: [
        {
          name: `inbound|http|${port.id}`,
          domains: ['*'],
          routes: [
            {
              name: 'default',
              match: everything,
              metadata: metadata(port.origins),
              action: {
                case: 'route',
                value: {
                  clusterSpecifier: { case: 'cluster', value: name },
                  timeout: none,
                  maxGrpcTimeout: none,
                  retryPolicy: inboundRetryPolicy,
                },
              },
            },
          ],
        },
      ],
    },
  });
}

type KnownPort = Pick<ServedPort, 'port' | 'name' | 'protocol'>;

/** What the port itself says, else what a service that leads to it says. */
function inboundProtocol(config: ConfigModel, proxy: ProxyDescription, port: KnownPort): Protocol {
  const own = portProtocol({ number: port.port, name: port.name, appProtocol: port.protocol });
  if (own !== 'unspecified') return own;
  const said = servicesOf(config, proxy, port).map((service) => portTo(service, port)?.protocol);
  return said.find((protocol) => protocol !== undefined && protocol !== 'unspecified') ?? 'unspecified';
}

/** Whether a port's connections carry nothing that says who their caller is. */
export function takesBytes(config: ConfigModel, proxy: ProxyDescription, port: KnownPort): boolean {
  return layerOf(inboundProtocol(config, proxy, port)) !== 'http';
}

/** The services that lead to a port of the proxy's application. */
export function servicesOf(config: ConfigModel, proxy: ProxyDescription, port: KnownPort): Service[] {
  const { NAMESPACE, LABELS } = proxy.metadata;
  return config.services
    .byNamespace(NAMESPACE)
    .filter(({ selector }) => selector !== undefined && selects(selector, LABELS))
    .filter((service) => portTo(service, port) !== undefined);
}
