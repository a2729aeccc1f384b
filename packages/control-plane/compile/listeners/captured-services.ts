import { TrafficDirection } from '@tulle/xds/gen/envoy/config/core/v3/base_pb.js';
import type { XdsResource } from '@tulle/xds/resource';
import { bySeniority } from '../../model/origin.ts';
import { Collector } from '../clusters/collector.ts';
import { outsideCluster } from '../clusters/outside.ts';
import { serverNameForward } from '../filters/http-manager.ts';
import { outboundLimits } from '../filters/limits/sides.ts';
import { tcpProxy } from '../filters/tcp-proxy.ts';
import type { Engine } from '../proxy.ts';
import { hostTable, type MadeTable } from '../routes/made-table.ts';
import { upstreamRoutes } from '../routes/route-tables.ts';
import { tcpClusters } from '../routes/tcp-routes.ts';
import { httpRoutes, type MadeVirtualHost, restOf, virtualOnlyHosts } from '../routes/virtual-hosts.ts';
import { serviceNames } from '../scope/domains.ts';
import { detectionTimeout, layerOf, sniffedHttp } from '../scope/protocol.ts';
import type { CallablePort, Scope } from '../scope/scope.ts';
import type { View } from '../scope/view.ts';
import { type FilterChain, listener } from './listener.ts';
import { bytesChains, type Outbound, outboundManager, serviceChains } from './outbound.ts';
import { isRanged, rangedChains } from './ranged-services.ts';

interface CapturedPort extends CallablePort {
  readonly addresses: readonly string[];
}

/**
 * What serves redirected connections; it binds nothing. Each service's port has a listener at the service's own
 * address: who called that means the service, whatever the Host. A port on any other address is told by Host or
 * SNI where a service of that port number is known: `0.0.0.0_<port>`. Shared by the proxies of a view and scope.
 */
export function capturedServices(view: View, scope: Scope, engine: Engine, isDualStack: boolean): Outbound {
  return view.once(`captured ${scope.key} ${engine} ${isDualStack}`, () => {
    const collector = new Collector();
    const ports = scope.ports
      .filter(({ port }) => port.protocol !== 'udp')
      .map(
        (one): CapturedPort => ({
          ...one,
          addresses: view.config.serviceAddresses.get(one.service.key) ?? [],
        }),
      );
    // Of two services that claim one address the older keeps it.
    const own = ports
      .toSorted((a, b) => bySeniority(a.service, b.service))
      .map((port) => serviceListeners(engine, port, collector));
    const byNumber = Map.groupBy(ports, ({ port }) => port.number);
    const virtualOnly = scope.virtualOnly ? virtualOnlyHosts(scope.virtualOnly) : [];
    if (virtualOnly.length > 0 && !byNumber.has(80)) byNumber.set(80, []);
    const others = [...byNumber].map(([number, of]) => {
      const hosts = number === 80 ? virtualOnly : [];
      return otherAddresses(view, engine, number, of, hosts, isDualStack, scope, collector);
    });
    const all = [...own, ...others];
    return {
      listeners: firstOfEachName(all.flatMap((part) => part.listeners)),
      tables: all.flatMap((part) => part.table ?? []),
      collector,
    };
  });
}

interface Made {
  readonly listeners: readonly XdsResource[];
  readonly table?: MadeTable;
}

function serviceListeners(
  engine: Engine,
  { view, service, port, addresses }: CapturedPort,
  collector: Collector,
): Made {
  if (addresses.length === 0) return { listeners: [] };
  const layer = layerOf(port.protocol);
  const made = layer === 'tcp' ? undefined : upstreamRoutes(view, service.host, service, port);
  const chains = serviceChains(view, engine, service, port, made, collector);
  const listeners = addresses.map((address) =>
    listener({
      name: `${address}_${port.number}`,
      address,
      port: port.number,
      direction: TrafficDirection.OUTBOUND,
      ...chains,
      origins: [service.origin, ...outboundLimits(view, engine).origins],
      unbound: true,
    }),
  );
  return { listeners, ...(made === undefined ? {} : { table: made }) };
}

/** Addresses that are no service's own, on a port of some service: HTTP by Host, TLS by server name, then the rest. */
function otherAddresses(
  view: View,
  engine: Engine,
  number: number,
  ports: readonly CapturedPort[],
  virtualOnly: readonly MadeVirtualHost[],
  isDualStack: boolean,
  scope: Scope,
  collector: Collector,
): Made {
  const http = ports.filter(({ port }) => layerOf(port.protocol) !== 'tcp');
  const nameless = ports.filter(({ addresses }) => addresses.length === 0);
  const byName = nameless.filter(({ port }) => port.protocol === 'tls' || port.protocol === 'https');
  const ranged = rangedChains(ports, collector);
  const anywhere = nameless.find((one) => one.port.protocol === 'tcp' && !isRanged(one));
  const isHttp = http.length > 0 || virtualOnly.length > 0;
  if (!isHttp && byName.length === 0 && anywhere === undefined && ranged.length === 0)
    return { listeners: [] };
  const made = isHttp ? portRoutes(view, scope, number, http, virtualOnly) : undefined;
  const rest = bytesOf(view, anywhere, collector);
  const filterChains: FilterChain[] = [
    ...ranged,
    ...rest.slice(0, -1),
    ...byName.map((one) => serverNameChain(one, collector)),
    ...(made === undefined
      ? []
      : [
          {
            name: `http_${number}`,
            filterChainMatch: { applicationProtocols: sniffedHttp, transportProtocol: 'raw_buffer' },
            filters: [outboundManager(view, engine, made.name)],
          },
        ]),
  ];
  const addresses = isDualStack ? ['0.0.0.0', '::'] : ['0.0.0.0'];
  const listeners = addresses.map((address) =>
    listener({
      name: `${address}_${number}`,
      address,
      port: number,
      direction: TrafficDirection.OUTBOUND,
      filterChains,
      defaultFilterChain: { name: 'rest', filters: rest.at(-1)?.filters ?? [] },
      origins: [...ports.map(({ service }) => service.origin), ...outboundLimits(view, engine).origins],
      unbound: true,
      inspectFor: detectionTimeout(view.config.mesh),
    }),
  );
  return { listeners, ...(made === undefined ? {} : { table: made }) };
}

/** TLS that names the service (SNI) goes to it as it is. */
export function serverNameChain({ view, service, port }: CallablePort, collector: Collector): FilterChain {
  const clusters = tcpClusters(view, service, port, collector);
  return {
    name: `tls_${service.host}`,
    filterChainMatch: { serverNames: service.host === '*' ? [] : [service.host], transportProtocol: 'tls' },
    filters: [
      ...(service.resolution === 'dynamic-dns' ? [serverNameForward(port.number)] : []),
      tcpProxy(view.config.mesh, `outbound|${port.number}||${service.host}`, clusters),
    ],
  };
}

/**
 * What no name tells: a service that is wherever it is called (resolution NONE), by addresses if its rules say so; else
 * the world, or nobody. The last is for all that is left.
 */
function bytesOf(view: View, anywhere: CapturedPort | undefined, collector: Collector): FilterChain[] {
  if (anywhere !== undefined) return bytesChains(anywhere.view, anywhere.service, anywhere.port, collector);
  const name = outsideCluster(view, collector);
  return [{ filters: [tcpProxy(view.config.mesh, name, [{ name, weight: 1 }])] }];
}

/** HTTP on a port number by Host, as in Istio: the table is named after the number. */
function portRoutes(
  view: View,
  scope: Scope,
  number: number,
  ports: readonly CapturedPort[],
  virtualOnly: readonly MadeVirtualHost[],
): MadeTable {
  return view.once(`table ${number} ${scope.key}`, () => {
    const hosts = ports.map(({ view: seen, service, port, addresses }): MadeVirtualHost => {
      const collector = new Collector();
      const names = [...serviceNames(service, view.namespace), ...addresses];
      const message = {
        name: `${service.host}:${number}`,
        domains: names.flatMap((name) => (name === '*' ? name : [name, withPort(name, number)])),
        routes: httpRoutes(seen, service, port, undefined, collector),
        includeRequestAttemptCount: true,
      };
      return { message, collector };
    });
    return hostTable(String(number), [...hosts, ...virtualOnly], restOf(view, scope.origins));
  });
}

const withPort = (host: string, port: number): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

const firstOfEachName = (listeners: readonly XdsResource[]): XdsResource[] =>
  [...new Map(listeners.toReversed().map((one) => [one.name, one])).values()].toReversed();
