import type { Origin } from '@tulle/xds/resource';
import type { PolicySettings, RouteDestination, TcpRouteSpec, TlsRouteSpec } from '../model/istio.ts';
import type { Service, ServicePort } from '../model/service.ts';
import { meshGateway, type Rule, type VirtualService } from '../model/virtual-service.ts';
import { blackHoleCluster, type ClusterRef, clusterRef, resolveDestination } from './cluster-ref.ts';
import type { Collector } from './collector.ts';
import { note } from './note.ts';
import { admitsSource, type Source } from './source-match.ts';
import type { View } from './view.ts';

/** Clusters that share the connections of a listener by weight. */
export interface WeightedName {
  readonly name: string;
  readonly weight: number;
  /** Of its DestinationRule. */
  readonly settings?: PolicySettings;
}

export function meshSource(view: View, port: number): Source {
  return { namespace: view.namespace, labels: view.labels, gateways: new Set([meshGateway]), port };
}

/** Where connections to a service's TCP port go for sidecars: the virtual service's `tcp`, else all instances. */
export function tcpClusters(
  view: View,
  service: Service,
  port: ServicePort,
  collector: Collector,
): WeightedName[] {
  const virtualService = view.virtualService(service.host);
  const rule = virtualService && firstTcpRule(virtualService, meshSource(view, port.number));
  if (rule !== undefined) return weightedClusters(view, rule, port.number, collector);
  const all = clusterRef(view, service, port);
  collector.origins.push(service.origin);
  return all === undefined ? [] : [weightedName(all, 1, collector)];
}

function weightedName(cluster: ClusterRef, weight: number, collector: Collector): WeightedName {
  return { name: collector.use(cluster), weight, settings: cluster.settings };
}

export function firstTcpRule(service: VirtualService, source: Source): Rule<TcpRouteSpec> | undefined {
  return service.tcp.find(
    ({ spec }) => !spec.match?.length || spec.match.some((match) => admitsSource(match, source)),
  );
}

/** Rules by server name that can apply to the source, in order: the first of a name wins. */
export function tlsRules(
  service: VirtualService,
  source: Source,
): { readonly sniHosts: readonly string[]; readonly rule: Rule<TlsRouteSpec> }[] {
  return service.tls.flatMap((rule) =>
    rule.spec.match
      .filter((match) => admitsSource(match, source))
      .map((match) => ({ sniHosts: match.sniHosts.map((host) => host.toLowerCase()), rule })),
  );
}

/** A rule's destinations by weight; what leads nowhere is noted and its share closed. */
export function weightedClusters(
  view: View,
  { spec, origins }: Rule<{ readonly route?: readonly RouteDestination[] | undefined }>,
  port: number,
  collector: Collector,
): WeightedName[] {
  const routes = spec.route ?? [];
  collector.origins.push(...origins);
  const weighted = routes.length === 1 ? routes : routes.filter((route) => (route.weight ?? 0) > 0);
  return weighted.map((route) => {
    const weight = route.weight || 1;
    const found = resolveDestination(view, route.destination, port);
    if ('cluster' in found) return weightedName(found.cluster, weight, collector);
    const origin = origins.at(-1) as Origin;
    const path = `${origin.path}.route[${routes.indexOf(route)}].destination`;
    collector.notes.push(note(origin, found.code, found.message, path));
    return { name: blackHoleCluster, weight };
  });
}
