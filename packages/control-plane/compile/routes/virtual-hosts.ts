import type { MessageInitShape } from '@bufbuild/protobuf';
import type { VirtualHostSchema } from '@tulle/xds/gen/envoy/config/route/v3/route_components_pb.js';
import type { Origin } from '@tulle/xds/resource';
import { hostCovers } from '../../model/services/host.ts';
import type { Service, ServicePort } from '../../model/services/service.ts';
import { clusterRef } from '../clusters/cluster-ref.ts';
import { Collector } from '../clusters/collector.ts';
import { outsideCluster, refusesOutside } from '../clusters/outside.ts';
import { none } from '../messages/duration.ts';
import { metadata } from '../messages/origins.ts';
import { authorities, serviceDomains } from '../scope/domains.ts';
import { layerOf } from '../scope/protocol.ts';
import type { View } from '../scope/view.ts';
import { defaultRoute, mergedRoutes, type Route, type RouteScope } from './http-routes.ts';
import { connectRequests, everything } from './route-match.ts';
import {
  l4Choices,
  meshSource,
  serviceSource,
  tcpClusters,
  type WeightedName,
  weightedClusters,
} from './tcp-routes.ts';

export type VirtualHost = MessageInitShape<typeof VirtualHostSchema>;

/** A virtual host with what its routes use. */
export interface MadeVirtualHost {
  readonly message: VirtualHost;
  readonly collector: Collector;
}

/**
 * A service's port in the table of the HTTP proxy: CONNECT leads to all instances (our engine looks into the
 * tunnel and routes HTTP by the other routes), requests go by the virtual service. Shared by the view.
 */
export function serviceVirtualHost(view: View, service: Service, port: ServicePort): MadeVirtualHost {
  const once = view.virtualServicesOf(service.host).length > 0 ? view.once : view.onceForClusters;
  return once(`virtual host ${service.key}:${port.number}`, () => {
    const collector = new Collector();
    const routes: Route[] = [connectRoute(view, service, port, collector)];
    if (layerOf(port.protocol) !== 'tcp')
      routes.push(...httpRoutes(view, service, port, undefined, collector));
    const name = `${service.host}:${port.number}`;
    const domains = serviceDomains(service, port.number, view.namespace);
    return { message: { name, domains, routes, includeRequestAttemptCount: true }, collector };
  });
}

/** The routes of a service's HTTP port for sidecars. */
export function httpRoutes(
  view: View,
  service: Service,
  port: ServicePort,
  hostRewrite: string | undefined,
  collector: Collector,
): Route[] {
  const source = meshSource(view, port.number);
  const scope: RouteScope = { view, source, tls: false, hostRewrite, collector };
  const routes = mergedRoutes(scope, view.virtualServicesOf(service.host));
  return routes.length > 0 ? routes : [defaultRoute(scope, service, port)];
}

/** Hosts that only a virtual service names: callable on port 80, as Istio has it. */
export function virtualOnlyHosts(view: View): MadeVirtualHost[] {
  const services = new Set(view.services.map((service) => service.host));
  const taken = new Set<string>();
  return view.virtualServices.flatMap((virtualService) =>
    virtualService.hosts.flatMap((host) => {
      if (services.has(host) || host === '*' || taken.has(host) || virtualService.http.length === 0)
        return [];
      taken.add(host);
      const collector = new Collector();
      const scope: RouteScope = {
        view,
        source: meshSource(view, 80),
        tls: false,
        hostRewrite: undefined,
        collector,
      };
      const routes = mergedRoutes(scope, view.virtualServicesOf(host));
      if (routes.length === 0) return [];
      const message = {
        name: `${host}:80`,
        domains: authorities(host, 80),
        routes,
        includeRequestAttemptCount: true,
      };
      return [{ message, collector }];
    }),
  );
}

function connectRoute(view: View, service: Service, port: ServicePort, collector: Collector): Route {
  const all = clusterRef(view, service, port);
  const clusters =
    layerOf(port.protocol) !== 'http'
      ? tunnelClusters(view, service, port, collector)
      : [{ name: all === undefined ? '' : collector.use(all), weight: 1 }];
  collector.origins.push(service.origin);
  return tunnel('connect', clusters, metadata([service.origin]));
}

/**
 * Where a tunnel's bytes go. Nobody reads server names in tunnels: TLS asks for the host that the tunnel is to, so the
 * virtual services' `tls` rule for that name holds.
 */
function tunnelClusters(
  view: View,
  service: Service,
  port: ServicePort,
  collector: Collector,
): WeightedName[] {
  const choices = l4Choices(view.virtualServicesOf(service.host), serviceSource(view, service, port.number));
  const found = choices.find(
    ({ sniHosts, subnets }) =>
      subnets === undefined && sniHosts.some((name) => hostCovers(name, service.host)),
  );
  return found === undefined
    ? tcpClusters(view, service, port, collector)
    : weightedClusters(view, found.rule, port.number, collector);
}

function tunnel(
  name: string,
  clusters: readonly { readonly name: string; readonly weight: number }[],
  from: ReturnType<typeof metadata> | undefined,
): Route {
  const only = clusters.length === 1 ? clusters[0] : undefined;
  return {
    name,
    match: connectRequests,
    ...(from && { metadata: from }),
    action: {
      case: 'route',
      value: {
        clusterSpecifier:
          only !== undefined
            ? { case: 'cluster', value: only.name }
            : {
                case: 'weightedClusters',
                value: { clusters: clusters.map(({ name, weight }) => ({ name, weight })) },
              },
        timeout: none,
        maxGrpcTimeout: none,
        upgradeConfigs: [{ upgradeType: 'CONNECT', connectConfig: {} }],
      },
    },
  };
}

/** The same with what it uses. @param origins what else says what is left */
export function restOf(view: View, origins: readonly Origin[]): MadeVirtualHost {
  const collector = new Collector();
  const message = otherHosts(view, collector);
  collector.origins.push(...origins);
  return { message, collector };
}

/** What is left: hosts outside the mesh pass through, or are refused under REGISTRY_ONLY. Istio's names. */
export function otherHosts(view: View, collector: Collector): VirtualHost {
  if (view.outbound !== undefined) collector.origins.push(view.outbound.origin);
  if (refusesOutside(view)) {
    const refuse: Route['action'] = { case: 'directResponse', value: { status: 502 } };
    const routes = [connectRequests, everything].map((match) => ({
      name: 'block_all',
      match,
      action: refuse,
    }));
    return { name: 'block_all', domains: ['*'], routes, includeRequestAttemptCount: true };
  }
  const name = outsideCluster(view, collector);
  const pass: Route = {
    name: 'allow_any',
    match: everything,
    action: {
      case: 'route',
      value: { clusterSpecifier: { case: 'cluster', value: name }, timeout: none },
    },
  };
  const routes = [tunnel('allow_any', [{ name, weight: 1 }], undefined), pass];
  return { name: 'allow_any', domains: ['*'], routes, includeRequestAttemptCount: true };
}
