import { TrafficDirection } from '@tulle/xds/gen/envoy/config/core/v3/base_pb.js';
import type { UpstreamListener } from '@tulle/xds/node';
import type { XdsResource } from '@tulle/xds/resource';
import type { Service, ServicePort } from '../../model/services/service.ts';
import { Collector } from '../clusters/collector.ts';
import { httpManager } from '../filters/http-manager.ts';
import { serviceClusters } from '../filters/limits/global-rate-limit.ts';
import { outboundLimits } from '../filters/limits/sides.ts';
import { tcpProxy } from '../filters/tcp-proxy.ts';
import type { Engine, ProxyDescription } from '../proxy.ts';
import type { MadeTable } from '../routes/made-table.ts';
import {
  foreignUpstreamRoutes,
  httpProxyRoutes,
  httpProxyTable,
  upstreamRoutes,
} from '../routes/route-tables.ts';
import {
  distinctChoices,
  l4Choices,
  serviceSource,
  tcpClusters,
  weightedClusters,
} from '../routes/tcp-routes.ts';
import { detectionTimeout, layerOf } from '../scope/protocol.ts';
import { findCallable, type Scope } from '../scope/scope.ts';
import type { View } from '../scope/view.ts';
import { type FilterChain, type ListenerParts, listener } from './listener.ts';
import { sniffedChains } from './sniffed.ts';

/** What a sidecar needs for the traffic of its application. */
export interface Outbound {
  readonly listeners: readonly XdsResource[];
  readonly tables: readonly MadeTable[];
  /** Clusters of listeners, beside those of the tables. */
  readonly collector: Collector;
}

/** The listeners that an application calls by itself: the HTTP proxy and one per declared upstream. */
export function outbound(view: View, scope: Scope, proxy: ProxyDescription): Outbound {
  const collector = new Collector();
  const { TULLE_ENGINE, TULLE_OUTBOUND, TULLE_CAPTURE } = proxy.metadata;
  const { httpProxy } = TULLE_OUTBOUND;
  // Captured applications call services by their own names and addresses.
  const upstreams = TULLE_CAPTURE === undefined ? TULLE_OUTBOUND.upstreams : [];
  const listeners: XdsResource[] = [];
  const tables: MadeTable[] = [];
  if (httpProxy !== undefined) {
    tables.push(httpProxyRoutes(view, scope));
    listeners.push(
      listener({
        name: 'outbound_http_proxy',
        address: httpProxy.address,
        port: httpProxy.port,
        direction: TrafficDirection.OUTBOUND,
        filterChains: [{ filters: [outboundManager(view, TULLE_ENGINE, httpProxyTable, { connect: true })] }],
        origins: outboundLimits(view, TULLE_ENGINE).origins,
      }),
    );
  }
  for (const upstream of upstreams) {
    const made = upstreamListener(view, scope, proxy, upstream, collector);
    listeners.push(made.listener);
    if (made.table !== undefined) tables.push(made.table);
  }
  const limits = outboundLimits(view, TULLE_ENGINE);
  collector.notes.push(...limits.notes);
  for (const ref of serviceClusters(view, limits.services)) collector.use(ref);
  return { listeners, tables, collector };
}

function upstreamListener(
  view: View,
  scope: Scope,
  proxy: ProxyDescription,
  upstream: UpstreamListener,
  collector: Collector,
): { listener: XdsResource; table?: MadeTable } {
  const { host, port: number, bindAddress, bindPort } = upstream;
  const callable = findCallable(view, scope, host, number);
  const { TULLE_ENGINE: engine } = proxy.metadata;
  const parts = {
    name: `outbound_${number}_${host}`,
    address: bindAddress,
    port: bindPort,
    direction: TrafficDirection.OUTBOUND,
    origins: [
      ...(callable === undefined ? [] : [callable.service.origin]),
      ...outboundLimits(view, engine).origins,
    ],
  };
  if (callable === undefined) {
    const table = foreignUpstreamRoutes(view, host, number);
    const filterChains = [{ filters: [outboundManager(view, engine, table.name)] }];
    return { listener: listener({ ...parts, filterChains }), table };
  }
  const { view: seen, service, port } = callable;
  const table = layerOf(port.protocol) === 'tcp' ? undefined : upstreamRoutes(seen, host, service, port);
  const made = listener({ ...parts, ...serviceChains(seen, engine, service, port, table, collector) });
  return { listener: made, ...(table === undefined ? {} : { table }) };
}

/** What takes connections for a service's port, as far as it said what they are. @param table of its HTTP */
export function serviceChains(
  view: View,
  engine: Engine,
  service: Service,
  port: ServicePort,
  table: MadeTable | undefined,
  collector: Collector,
): Pick<ListenerParts, 'filterChains' | 'defaultFilterChain' | 'inspectFor'> {
  if (table === undefined) return { filterChains: bytesChains(view, service, port, collector) };
  const manager = outboundManager(view, engine, table.name, {
    grpcWeb: port.protocol === 'grpc-web',
  });
  if (layerOf(port.protocol) === 'http') return { filterChains: [{ filters: [manager] }] };
  return {
    ...sniffedChains(engine, manager, bytesChains(view, service, port, collector)),
    inspectFor: detectionTimeout(view.config.mesh),
  };
}

/** Chains by server name and addresses as the virtual services say, then one for all other connections. */
export function bytesChains(
  view: View,
  service: Service,
  port: ServicePort,
  collector: Collector,
): FilterChain[] {
  const { mesh } = view.config;
  const statPrefix = `outbound|${port.number}||${service.host}`;
  const source = serviceSource(view, service, port.number);
  const choices = distinctChoices(l4Choices(view.virtualServicesOf(service.host), source));
  const chains = choices.map(({ sniHosts, subnets, rule }): FilterChain => {
    const filters = [tcpProxy(mesh, statPrefix, weightedClusters(view, rule, port.number, collector))];
    const serverNames = sniHosts.includes('*') ? [] : [...sniHosts];
    return { filterChainMatch: { ...subnets, ...(sniHosts.length > 0 && { serverNames }) }, filters };
  });
  const takesAll = choices.some(({ sniHosts, subnets }) => sniHosts.includes('*') && subnets === undefined);
  if (takesAll) return chains;
  const all = tcpProxy(mesh, statPrefix, tcpClusters(view, service, port, collector));
  return [...chains, { filters: [all] }];
}

/** The connection manager of an outbound listener. @param routes name of its table */
export function outboundManager(
  view: View,
  engine: Engine,
  routes: string,
  { connect = false, grpcWeb = false } = {},
): ReturnType<typeof httpManager> {
  const { mesh } = view.config;
  const statPrefix = `outbound_${routes}`;
  return httpManager(mesh, engine, {
    side: 'outbound',
    statPrefix,
    routes,
    peerTls: false,
    connect,
    grpcWeb,
    limits: outboundLimits(view, engine),
  });
}
