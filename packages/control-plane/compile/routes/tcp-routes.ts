import { compileRanges } from '@tulle/decision/address-range';
import type { Origin } from '@tulle/xds/resource';
import type { L4Match, PolicySettings, RouteDestination } from '../../model/istio.ts';
import type { Service, ServicePort } from '../../model/services/service.ts';
import { meshGateway, type Rule, type VirtualService } from '../../model/traffic/virtual-service.ts';
import {
  blackHoleCluster,
  type ClusterRef,
  clusterRef,
  resolveDestination,
} from '../clusters/cluster-ref.ts';
import type { Collector } from '../clusters/collector.ts';
import { cidrRange, type SubnetMatch, subnetMatch } from '../messages/subnets.ts';
import { note } from '../note.ts';
import { admitsConnections, type Source } from '../scope/source-match.ts';
import type { View } from '../scope/view.ts';

/** Clusters that share the connections of a listener by weight. */
export interface WeightedName {
  readonly name: string;
  readonly weight: number;
  /** Of its DestinationRule. */
  readonly settings?: PolicySettings;
}

type ForwardingRule = Rule<{ readonly route?: readonly RouteDestination[] | undefined }>;

/** A rule that can apply to connections of a listener, and what they must be like. */
export interface L4Choice {
  readonly rule: ForwardingRule;
  /** Lower case; empty: whatever the server name. */
  readonly sniHosts: readonly string[];
  /** Undefined: from and to any address. */
  readonly subnets: SubnetMatch | undefined;
}

export function meshSource(view: View, port: number): Source {
  return { namespace: view.namespace, labels: view.labels, gateways: new Set([meshGateway]), port };
}

/** That of a service's port: a listener of a declared upstream is not called at the service's own address. */
export function serviceSource(view: View, service: Service, port: number): Source {
  const source = meshSource(view, port);
  if (view.captured) return source;
  return { ...source, addresses: view.config.serviceAddresses.get(service.key) ?? [] };
}

/**
 * The `tls` rules that can apply to the source, then the `tcp` rules: the oldest virtual service's first, but a rule
 * without conditions last, and once. Where one matches, the more specific does, as Envoy has it.
 */
export function l4Choices(services: readonly VirtualService[], source: Source): L4Choice[] {
  const tls = services.flatMap((service) =>
    service.tls.flatMap((rule) =>
      admitted(rule.spec.match, source).map((match): L4Choice => {
        const sniHosts = match.sniHosts.map((host) => host.toLowerCase());
        return { rule, sniHosts, subnets: subnetMatch(conditionsLeft(match, source)) };
      }),
    ),
  );
  const tcp = services.flatMap((service) =>
    service.tcp.flatMap((rule) =>
      admitted(rule.spec.match?.length ? rule.spec.match : [{}], source).map(
        (match): L4Choice => ({ rule, sniHosts: [], subnets: subnetMatch(conditionsLeft(match, source)) }),
      ),
    ),
  );
  const rest = tcp.find(({ subnets }) => subnets === undefined);
  return [
    ...tls,
    ...tcp.filter(({ subnets }) => subnets !== undefined),
    ...(rest === undefined ? [] : [rest]),
  ];
}

/** Those of them that tell connections apart, each match once: the first choice keeps it. Envoy refuses it twice. */
export function distinctChoices(choices: readonly L4Choice[]): L4Choice[] {
  const taken = new Set<string>();
  return choices.flatMap((choice): L4Choice[] => {
    const { sniHosts, subnets } = choice;
    if (sniHosts.length === 0 && subnets === undefined) return [];
    const where = JSON.stringify(subnets ?? '');
    const names = sniHosts.length === 0 ? [''] : sniHosts;
    const free = names.filter((name) => !taken.has(`${name} ${where}`));
    for (const name of free) taken.add(`${name} ${where}`);
    return free.length === 0 ? [] : [{ ...choice, sniHosts: sniHosts.filter((name) => free.includes(name)) }];
  });
}

/** The choice for all connections that no other one takes; undefined: there is none. */
export function restOf(choices: readonly L4Choice[]): L4Choice | undefined {
  return choices.find(({ sniHosts, subnets }) => sniHosts.length === 0 && subnets === undefined);
}

function admitted<Match extends L4Match>(matches: readonly Match[], source: Source): Match[] {
  return matches.filter(
    (match) =>
      admitsConnections(match, source) && isCalledWithin(match.destinationSubnets ?? [], source.addresses),
  );
}

/** What is to be held against a connection: where the called addresses are known, only who calls. */
const conditionsLeft = (match: L4Match, source: Source): Parameters<typeof subnetMatch>[0] =>
  source.addresses === undefined ? match : { sourceSubnet: match.sourceSubnet };

function isCalledWithin(subnets: readonly string[], addresses: Source['addresses']): boolean {
  if (subnets.length === 0 || addresses === undefined) return true;
  const rank = compileRanges(
    subnets.map(cidrRange).map(({ addressPrefix, prefixLen }) => ({
      address: addressPrefix,
      prefixLength: prefixLen,
    })),
  );
  return addresses.some((address) => rank(address) >= 0);
}

/** Where connections to a service's TCP port go for sidecars, whoever calls: the `tcp` rule, else all instances. */
export function tcpClusters(
  view: View,
  service: Service,
  port: ServicePort,
  collector: Collector,
): WeightedName[] {
  const source = serviceSource(view, service, port.number);
  const choice = restOf(l4Choices(view.virtualServicesOf(service.host), source));
  if (choice !== undefined) return weightedClusters(view, choice.rule, port.number, collector);
  const all = clusterRef(view, service, port);
  collector.origins.push(service.origin);
  return all === undefined ? [] : [weightedName(all, 1, collector)];
}

function weightedName(cluster: ClusterRef, weight: number, collector: Collector): WeightedName {
  return { name: collector.use(cluster), weight, settings: cluster.settings };
}

/** A rule's destinations by weight; what leads nowhere is noted and its share closed. */
export function weightedClusters(
  view: View,
  { spec, origins }: ForwardingRule,
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
