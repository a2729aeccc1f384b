import { TrafficDirection } from '@tulle/xds/gen/envoy/config/core/v3/base_pb.js';
import type { XdsResource } from '@tulle/xds/resource';
import { Collector } from '../clusters/collector.ts';
import { httpManager } from '../filters/http-manager.ts';
import { serviceClusters } from '../filters/limits/global-rate-limit.ts';
import { gatewayLimits } from '../filters/limits/sides.ts';
import { tcpProxy } from '../filters/tcp-proxy.ts';
import { managerTokens } from '../filters/tokens/manager-tokens.ts';
import { type FilterChain, listener } from '../listeners/listener.ts';
import { metadata } from '../messages/origins.ts';
import type { SubnetMatch } from '../messages/subnets.ts';
import { type Note, note } from '../note.ts';
import type { ProxyDescription } from '../proxy.ts';
import type { MadeTable } from '../routes/made-table.ts';
import {
  distinctChoices,
  type L4Choice,
  l4Choices,
  restOf,
  type WeightedName,
  weightedClusters,
} from '../routes/tcp-routes.ts';
import type { View } from '../scope/view.ts';
import { serverTls } from '../tls/gateway-tls.ts';
import { passedAlpn, passedOn } from './auto-passthrough.ts';
import { type BoundServer, boundServers } from './gateway-ports.ts';
import { gatewayRoutes, servedBy } from './gateway-routes.ts';

/** What a gateway proxy has: from the Gateways that select it and the virtual services bound to them. */
export interface GatewayParts {
  readonly listeners: readonly XdsResource[];
  readonly tables: readonly MadeTable[];
  readonly secrets: readonly XdsResource[];
  readonly collector: Collector;
}

interface Draft {
  readonly view: View;
  readonly proxy: ProxyDescription;
  readonly tables: MadeTable[];
  readonly secrets: XdsResource[];
  readonly collector: Collector;
}

export function gateway(view: View, proxy: ProxyDescription): GatewayParts {
  const draft: Draft = { view, proxy, tables: [], secrets: [], collector: new Collector() };
  const byAddress = Map.groupBy(
    boundServers(view.config, proxy.metadata),
    ({ binding }) => `${binding.address}_${binding.port}`,
  );
  const listeners = [...byAddress]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, servers]) => portListener(draft, name, servers) ?? []);
  return { ...draft, listeners };
}

/** How a server takes connections: the servers of one port must agree on it. */
function kindOf({ server }: BoundServer): 'http' | 'tls' | 'tcp' {
  const { protocol } = server;
  if (protocol === 'https' || protocol === 'tls') return 'tls';
  return protocol === 'tcp' ? 'tcp' : 'http';
}

function portListener(draft: Draft, name: string, servers: readonly BoundServer[]): XdsResource | undefined {
  const [first] = servers;
  if (first === undefined) return undefined;
  const kind = kindOf(first);
  const same = servers.filter((bound) => {
    if (kindOf(bound) === kind) return true;
    draft.collector.notes.push(portTaken(bound, first, kind));
    return false;
  });
  const { origins: routed } = draft.collector;
  const before = routed.length;
  const filterChains = chainsOf[kind](draft, same);
  if (filterChains.length === 0) return undefined;
  const { address, port } = first.binding;
  const policies =
    kind === 'tcp'
      ? []
      : [
          ...managerTokens(draft.view.config, draft.proxy.metadata, 'gateway').origins,
          ...gatewayLimits(draft.view, draft.proxy, same).origins,
        ];
  // The rules of bytes are in the chains themselves.
  const origins = [...same.map(({ server }) => server.origin), ...routed.slice(before), ...policies];
  return listener({
    name,
    address,
    port,
    direction: TrafficDirection.OUTBOUND,
    filterChains,
    origins,
    proxyProtocol: draft.view.config.mesh.gateways.proxyProtocol,
  });
}

function portTaken({ gateway: owner, server }: BoundServer, first: BoundServer, kind: string): Note {
  const by = first.gateway === owner ? first.server.origin.path : `the older Gateway ${first.gateway.key}`;
  const message = `port ${server.spec.port.number} is ${kind} by ${by}`;
  return note(owner.origin, 'conflicting-port', message, `${server.origin.path}.port`);
}

const chainsOf: Readonly<
  Record<'http' | 'tls' | 'tcp', (draft: Draft, servers: readonly BoundServer[]) => FilterChain[]>
> = {
  http: (draft, servers) => {
    const name = `http.${servers[0]?.binding.port}`;
    draft.tables.push(gatewayRoutes(draft.view, name, servers, false));
    const grpcWeb = servers.some(({ server }) => server.protocol === 'grpc-web');
    return [{ filters: [manager(draft, servers, name, servers[0]?.server.spec.name, grpcWeb)] }];
  },
  tcp: (draft, [first, ...others]) => {
    if (first === undefined) return [];
    // Nothing tells their connections apart.
    for (const other of others) draft.collector.notes.push(portTaken(other, first, 'tcp'));
    return tcpWays(draft, first).map(({ subnets, clusters }) => ({
      ...(subnets && { filterChainMatch: subnets }),
      filters: [bytes(draft, first, clusters)],
    }));
  },
  tls: (draft, servers) => {
    const taken = new Set<string>();
    return servers.flatMap((bound) => tlsChains(draft, bound, taken));
  },
};

/** Those of the names that nobody has on this port yet; `where`: among connections of certain addresses. */
type Free = (hosts: readonly string[], where?: string) => string[];

/** The chains of a TLS server: one that terminates, or one per rule by server name that passes through. */
function tlsChains(draft: Draft, bound: BoundServer, taken: Set<string>): FilterChain[] {
  const { view, proxy, collector } = draft;
  const { gateway: owner, server } = bound;
  const mode = server.spec.tls?.mode ?? 'SIMPLE';
  const free: Free = (hosts, where = '') =>
    hosts.filter((host) => {
      if (!taken.has(host + where)) return taken.add(host + where);
      const message = `${host} is served on this port already`;
      collector.notes.push(note(owner.origin, 'conflicting-host', message, `${server.origin.path}.hosts`));
      return false;
    });
  if (mode === 'PASSTHROUGH') return passThroughChains(draft, bound, free);
  if (mode === 'AUTO_PASSTHROUGH') return autoPassThroughChains(draft, bound, free);
  const isHttp = server.protocol === 'https';
  const tls = serverTls(view, bound, proxy.metadata.TULLE_ENGINE);
  if ('note' in tls) {
    collector.notes.push(tls.note);
    return [];
  }
  const hosts = free([...new Set(server.hosts.map(({ host }) => host))]);
  if (hosts.length === 0) return [];
  draft.secrets.push(...tls.secrets);
  collector.notes.push(...tls.notes);
  const { number, name } = server.spec.port;
  const table = `https.${number}.${name}.${owner.name}.${owner.namespace}`;
  if (isHttp) draft.tables.push(gatewayRoutes(view, table, [bound], true));
  const terminated = {
    filterChainMatch: sni(hosts),
    transportSocket: tls.socket,
    metadata: metadata([server.origin]),
  };
  if (isHttp) {
    const filters = [manager(draft, [bound], table, server.spec.name)];
    return [{ ...terminated, name: table, filters }];
  }
  return tcpWays(draft, bound).map(({ subnets, clusters }, index) => ({
    ...terminated,
    name: index === 0 ? table : `${table}.${index}`,
    filterChainMatch: { ...subnets, ...sni(hosts) },
    filters: [bytes(draft, bound, clusters)],
  }));
}

function passThroughChains(draft: Draft, bound: BoundServer, free: Free): FilterChain[] {
  const { port } = sourceOf(draft, bound);
  return choicesOf(draft, bound).flatMap(({ sniHosts, subnets, rule }): FilterChain[] => {
    const hosts = free(sniHosts, subnets && JSON.stringify(subnets));
    if (hosts.length === 0) return [];
    const clusters = weightedClusters(draft.view, rule, port, draft.collector);
    return [{ filterChainMatch: { ...subnets, ...sni(hosts) }, filters: [bytes(draft, bound, clusters)] }];
  });
}

function autoPassThroughChains(draft: Draft, bound: BoundServer, free: Free): FilterChain[] {
  return passedOn(draft.view, bound).flatMap(({ serverName, cluster }): FilterChain[] => {
    const hosts = free([serverName]);
    if (hosts.length === 0) return [];
    const clusters = [{ name: draft.collector.use(cluster), weight: 1 }];
    const filterChainMatch = { ...sni(hosts), applicationProtocols: [...passedAlpn] };
    return [{ filterChainMatch, filters: [bytes(draft, bound, clusters)] }];
  });
}

/** `*` is no name to match: any. Inspecting for TLS is asked for in either case. */
function sni(hosts: readonly string[]): NonNullable<FilterChain['filterChainMatch']> {
  return { serverNames: hosts.includes('*') ? [] : [...hosts], transportProtocol: 'tls' };
}

/** Where bytes go by the `tcp` rules of the server's virtual services: by addresses, then all others (or nowhere). */
function tcpWays(
  draft: Draft,
  bound: BoundServer,
): { readonly subnets: SubnetMatch | undefined; readonly clusters: readonly WeightedName[] }[] {
  const { port } = sourceOf(draft, bound);
  const choices = choicesOf(draft, bound);
  const rest = restOf(choices);
  const clustersOf = ({ rule }: L4Choice) => weightedClusters(draft.view, rule, port, draft.collector);
  return [
    ...distinctChoices(choices)
      .filter(({ sniHosts }) => sniHosts.length === 0)
      .map((choice) => ({ subnets: choice.subnets, clusters: clustersOf(choice) })),
    { subnets: undefined, clusters: rest === undefined ? [] : clustersOf(rest) },
  ];
}

function choicesOf(draft: Draft, bound: BoundServer): L4Choice[] {
  const services = servedBy(draft.view, bound).map(({ service }) => service);
  return l4Choices(services, sourceOf(draft, bound));
}

const sourceOf = ({ view }: Draft, { gateway: owner, server }: BoundServer) => ({
  namespace: view.namespace,
  labels: view.labels,
  gateways: new Set([owner.key]),
  port: server.spec.port.number,
});

const bytes = ({ view }: Draft, { server }: BoundServer, clusters: readonly WeightedName[]) =>
  tcpProxy(view.config.mesh, server.spec.name || `gateway_${server.spec.port.number}`, clusters);

/** @param name of the server, for its statistics */
const manager = (
  { view, proxy, collector }: Draft,
  servers: readonly BoundServer[],
  routes: string,
  name: string | undefined,
  grpcWeb = false,
) => {
  const limits = gatewayLimits(view, proxy, servers);
  const tokens = managerTokens(view.config, proxy.metadata, 'gateway');
  collector.notes.push(...tokens.notes, ...limits.notes);
  for (const ref of serviceClusters(view, limits.services)) collector.use(ref);
  return httpManager(view.config.mesh, proxy.metadata.TULLE_ENGINE, {
    side: 'gateway',
    statPrefix: name || `gateway_${routes}`,
    routes,
    peerTls: false,
    connect: false,
    grpcWeb,
    tokens,
    limits,
  });
};
