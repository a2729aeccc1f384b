import type { DestinationRule } from '../model/destination-rule.ts';
import { bySpecificity, hostCovers, isExportedTo } from '../model/host.ts';
import { labelsReadBy } from '../model/locality.ts';
import type { ConfigModel } from '../model/model.ts';
import { compare } from '../model/origin.ts';
import type { Service } from '../model/service.ts';
import { meshGateway, type VirtualService } from '../model/virtual-service.ts';

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
  /** Identifies the view within its configuration. */
  readonly key: string;
  readonly services: readonly Service[];
  service(host: string): Service | undefined;
  rule(service: Service): DestinationRule | undefined;
  /** The virtual service that routes `host` for sidecars: the most specific, then the oldest. */
  virtualService(host: string): VirtualService | undefined;
  /** Virtual services that hold for sidecars, the oldest first. */
  readonly virtualServices: readonly VirtualService[];
  /** Values that belong to the view, made at their first use. */
  once<T>(key: string, make: () => T): T;
}

/** The view of a proxy; the same object for all proxies of one configuration that see the same. */
export function viewOf(config: ConfigModel, namespace: string, labels: Labels, captured = false): View {
  const shared = sharedOf(config);
  const relevant = shared.relevantLabels.flatMap((name): [string, string][] => {
    const value = labels[name];
    return value === undefined ? [] : [[name, value]];
  });
  const values = relevant.map(([name, value]) => `${name}=${value}`);
  const key = [namespace, captured ? 'captured' : '', ...values].join('|');
  const known = shared.views.get(key);
  if (known !== undefined) return known;
  const view = createView(config, namespace, Object.fromEntries(relevant), captured, key);
  shared.views.set(key, view);
  return view;
}

interface Shared {
  readonly relevantLabels: readonly string[];
  readonly views: Map<string, View>;
}

const sharedByConfig = new WeakMap<ConfigModel, Shared>();

function sharedOf(config: ConfigModel): Shared {
  const known = sharedByConfig.get(config);
  if (known !== undefined) return known;
  const { localityLbSetting } = config.mesh;
  const names = new Set([
    ...config.destinationRules.clientLabels,
    ...(localityLbSetting === undefined ? [] : labelsReadBy(localityLbSetting)),
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

function createView(
  config: ConfigModel,
  namespace: string,
  labels: Labels,
  captured: boolean,
  key: string,
): View {
  const values = new Map<string, unknown>();
  const once = <T>(name: string, make: () => T): T => {
    if (values.has(name)) return values.get(name) as T;
    const value = make();
    values.set(name, value);
    return value;
  };
  const virtualServices = config.virtualServices.filter(
    (service) =>
      service.gateways.includes(meshGateway) && isExportedTo(service.exportTo, service.namespace, namespace),
  );
  const exact = new Map<string, VirtualService>();
  const wildcards: { readonly host: string; readonly service: VirtualService }[] = [];
  for (const service of virtualServices) {
    for (const host of service.hosts) {
      if (host.startsWith('*')) wildcards.push({ host, service });
      else if (!exact.has(host)) exact.set(host, service);
    }
  }
  wildcards.sort((a, b) => bySpecificity(a.host, b.host));
  return {
    config,
    namespace,
    labels,
    captured,
    key,
    services: config.services.visibleTo(namespace),
    service: (host) => config.services.visible(host, namespace),
    rule: (service) =>
      once(`rule ${service.key}`, () => config.destinationRules.lookup(service, namespace, labels)),
    virtualServices,
    virtualService: (host) => exact.get(host) ?? wildcards.find((one) => hostCovers(one.host, host))?.service,
    once,
  };
}
