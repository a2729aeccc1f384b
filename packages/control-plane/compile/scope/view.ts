import type { OutboundTrafficPolicy } from '../../model/istio.ts';
import type { ConfigModel } from '../../model/model.ts';
import { compare, resourceKey } from '../../model/origin.ts';
import { bySpecificity, hostCovers, isExportedTo } from '../../model/services/host.ts';
import type { Service } from '../../model/services/service.ts';
import type { DestinationRule } from '../../model/traffic/destination-rule.ts';
import type { Imports } from '../../model/traffic/imports.ts';
import { labelsOfMesh, networkLabel } from '../../model/traffic/locality.ts';
import type { Listed } from '../../model/traffic/sidecar.ts';
import { meshGateway, type VirtualService } from '../../model/traffic/virtual-service.ts';
import { cached, cachedByName } from '../messages/cached.ts';

type Labels = Readonly<Record<string, string>>;

/**
 * The mesh as seen from a namespace by a workload with certain labels: what may be shared between proxies is
 * cached per view. Only labels that some policy reads are kept, so that replicas and versions share a view.
 */
export interface View {
  readonly config: ConfigModel;
  readonly namespace: string;
  readonly labels: Labels;
  /** Of proxies whose applications' traffic is redirected to them. */
  readonly captured: boolean;
  /** The network that it is in, where some have to be entered by gateways; undefined: none, or whatever it is. */
  readonly network: string | undefined;
  /** What a Sidecar says of hosts outside the mesh. */
  readonly outbound: Listed<OutboundTrafficPolicy> | undefined;
  /** Identifies the view within its configuration. */
  readonly key: string;
  /** One per host: those that may be called. */
  readonly services: readonly Service[];
  /** Where a route may lead: also to services that may not be called by their own names. */
  service(host: string): Service | undefined;
  rule(service: Service): DestinationRule | undefined;
  /** The virtual services that route `host` for sidecars: those of its most specific name, the oldest first. */
  virtualServicesOf(host: string): readonly VirtualService[];
  /** Virtual services that hold for sidecars, the oldest first. */
  readonly virtualServices: readonly VirtualService[];
  /** Values that belong to the view, made at their first use. */
  once<T>(key: string, make: () => T): T;
  /**
   * Values that no virtual service has a say in: they outlive its changes. What they hold may be of a view before, that
   * sees the same services and policies.
   */
  onceForClusters<T>(key: string, make: () => T): T;
}

/** The view of a proxy; the same object for all proxies of one configuration that see the same. */
export function viewOf(
  config: ConfigModel,
  namespace: string,
  labels: Labels,
  captured = false,
  outbound?: Listed<OutboundTrafficPolicy>,
): View {
  const shared = sharedOf(config);
  const relevant = shared.relevantLabels.flatMap((name): [string, string][] => {
    const value = labels[name];
    return value === undefined ? [] : [[name, value]];
  });
  const values = relevant.map(([name, value]) => `${name}=${value}`);
  const policy = outbound === undefined ? '' : resourceKey(outbound.origin);
  const key = [namespace, captured ? 'captured' : '', policy, ...values].join('|');
  return cachedByName(shared.views, key, () =>
    createView({ config, namespace, labels: Object.fromEntries(relevant), captured, outbound, key }),
  );
}

/** The same view as far as a Sidecar's imports let it see. */
export function viewThrough(view: View, imports: Imports): View {
  const { config, namespace, labels, captured, outbound } = view;
  const key = `${view.key} through ${imports.key}`;
  return cachedByName(sharedOf(config).views, key, () =>
    createView({ config, namespace, labels, captured, outbound, key }, imports),
  );
}

interface Shared {
  readonly relevantLabels: readonly string[];
  readonly views: Map<string, View>;
}

const sharedByConfig = new WeakMap<ConfigModel, Shared>();

function sharedOf(config: ConfigModel): Shared {
  const known = sharedByConfig.get(config);
  if (known !== undefined) return known;
  const names = new Set([
    ...config.destinationRules.clientLabels,
    ...config.limits.rate.outboundLabels,
    ...config.limits.bandwidth.outboundLabels,
    ...labelsOfMesh(config.mesh.localities),
    ...(config.networks.isSplit ? [networkLabel] : []),
  ]);
  for (const { http, tls, tcp } of config.virtualServices) {
    for (const { spec } of [...http, ...tls, ...tcp]) {
      for (const match of spec.match ?? [])
        for (const name of Object.keys(match.sourceLabels ?? {})) names.add(name);
    }
  }
  const shared = { relevantLabels: [...names].toSorted(compare), views: new Map<string, View>() };
  sharedByConfig.set(config, shared);
  return shared;
}

type Seen = Pick<View, 'config' | 'namespace' | 'labels' | 'captured' | 'outbound' | 'key'>;

function createView(seen: Seen, imports?: Imports): View {
  const { config, namespace, labels } = seen;
  const once = keeper(new Map());
  const ofBasis = cached(keptByBasis, config.basis.ofClusters, () => new Map<string, Values>());
  const onceForClusters = keeper(cachedByName(ofBasis, seen.key, () => new Map()));
  const virtualServices = config.virtualServices.filter(
    (service) =>
      service.gateways.includes(meshGateway) && isExportedTo(service.exportTo, service.namespace, namespace),
  );
  const isImported = (service: VirtualService, host: string): boolean =>
    imports?.hasRoutes(service.namespace, host) ?? true;
  const routing = new Map<string, VirtualService[]>();
  for (const service of virtualServices) {
    for (const host of service.hosts) {
      if (!isImported(service, host)) continue;
      const known = routing.get(host);
      if (known === undefined) routing.set(host, [service]);
      else known.push(service);
    }
  }
  const wildcards = [...routing.keys()].filter((host) => host.startsWith('*')).sort(bySpecificity);
  const services = config.services.visibleTo(namespace, imports?.hasService);
  const byHost = imports && new Map(services.map((service) => [service.host, service]));
  return {
    ...seen,
    network: (config.networks.isSplit && labels[networkLabel]) || undefined,
    services,
    service: (host) => byHost?.get(host) ?? config.services.visible(host, namespace),
    rule: (service) =>
      once(`rule ${service.key}`, () => config.destinationRules.lookup(service, namespace, labels)),
    virtualServices: imports
      ? virtualServices.filter((service) => service.hosts.some((host) => isImported(service, host)))
      : virtualServices,
    virtualServicesOf: (host) =>
      routing.get(host) ?? routing.get(wildcards.find((one) => hostCovers(one, host)) ?? '') ?? [],
    once,
    onceForClusters,
  };
}

type Values = Map<string, unknown>;
const keptByBasis = new WeakMap<object, Map<string, Values>>();

const keeper =
  (values: Values) =>
  <T>(name: string, make: () => T): T => {
    if (values.has(name)) return values.get(name) as T;
    const value = make();
    values.set(name, value);
    return value;
  };
