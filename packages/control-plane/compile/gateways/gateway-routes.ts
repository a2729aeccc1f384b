import { create } from '@bufbuild/protobuf';
import { RouteConfigurationSchema } from '@tulle/xds/gen/envoy/config/route/v3/route_pb.js';
import { compare } from '../../model/origin.ts';
import { hostIntersection, isExportedTo } from '../../model/services/host.ts';
import type { VirtualService } from '../../model/traffic/virtual-service.ts';
import { Collector } from '../clusters/collector.ts';
import { metadata } from '../messages/origins.ts';
import { resource } from '../messages/serialize.ts';
import { catchAllLast, type Route, virtualServiceRoutes } from '../routes/http-routes.ts';
import type { MadeTable } from '../routes/made-table.ts';
import { everything, type RouteMatch } from '../routes/route-match.ts';
import type { View } from '../scope/view.ts';
import type { BoundServer } from './gateway-ports.ts';

/**
 * The virtual services bound to a server's gateway, the oldest first, with the hosts that both share. Who sees them is the
 * proxy, by its own namespace, wherever the Gateway is (Istio's `VirtualServicesForGateway`).
 */
export function servedBy(
  view: View,
  { gateway, server }: BoundServer,
): { readonly service: VirtualService; readonly hosts: readonly string[] }[] {
  return view.config.virtualServices.flatMap((service) => {
    if (!service.gateways.includes(gateway.key)) return [];
    if (!isExportedTo(service.exportTo, service.namespace, view.namespace)) return [];
    const hosts = service.hosts.flatMap((host) =>
      server.hosts.flatMap((offered) => {
        if (offered.namespace !== '*' && offered.namespace !== service.namespace) return [];
        return hostIntersection(offered.host, host) ?? [];
      }),
    );
    return hosts.length === 0 ? [] : [{ service, hosts: [...new Set(hosts)] }];
  });
}

interface HostRoutes {
  readonly routes: Route[];
  /** Set: every request is sent to HTTPS. */
  redirect: Route | undefined;
}

/**
 * The route table of a gateway's listener: the routes of all virtual services of a host in one virtual host,
 * the oldest first, those that take everything last (Istio).
 */
export function gatewayRoutes(
  view: View,
  name: string,
  servers: readonly BoundServer[],
  tls: boolean,
): MadeTable {
  const collector = new Collector();
  const byHost = new Map<string, HostRoutes>();
  const hostRoutes = (host: string): HostRoutes => {
    const known = byHost.get(host) ?? { routes: [], redirect: undefined };
    byHost.set(host, known);
    return known;
  };
  for (const bound of servers) {
    const { gateway, server } = bound;
    const source = {
      namespace: view.namespace,
      labels: view.labels,
      gateways: new Set([gateway.key]),
      port: server.spec.port.number,
    };
    collector.origins.push(server.origin);
    for (const { service, hosts } of servedBy(view, bound)) {
      const scope = { view, source, tls, hostRewrite: undefined, collector };
      const routes = virtualServiceRoutes(scope, service);
      for (const host of hosts) hostRoutes(host).routes.push(...routes);
    }
    if (server.spec.tls?.httpsRedirect) {
      for (const { host } of server.hosts) hostRoutes(host);
      for (const [host, routes] of byHost)
        if (server.hosts.some((offered) => hostIntersection(offered.host, host) === host))
          routes.redirect = toHttps(bound);
    }
  }
  const virtualHosts = [...byHost]
    .toSorted(([a], [b]) => compare(a, b))
    .map(([host, { routes, redirect }]) => ({
      name: `${host}:${servers[0]?.binding.port ?? 0}`,
      domains: [host],
      routes: [
        ...(redirect ? [redirect] : []),
        ...(routes.length > 0 ? catchAllLast(routes) : [nothingHere(servers)]),
      ],
      includeRequestAttemptCount: true,
    }));
  if (virtualHosts.length === 0) {
    const routes = [nothingHere(servers)];
    virtualHosts.push({ name: 'blackhole', domains: ['*'], routes, includeRequestAttemptCount: true });
  }
  const message = create(RouteConfigurationSchema, {
    name,
    virtualHosts,
    validateClusters: false,
    // Clients come by whatever port leads here.
    ignorePortInHostMatching: true,
  });
  const made = resource(RouteConfigurationSchema, message, collector.origins);
  return { name, collector, whole: () => made };
}

/**
 * Istio's `httpsRedirect`, as a route: Envoy's `require_tls` keeps the port that the client called, where no
 * HTTPS is served. As there, who came by TLS to a trusted proxy before this one (`numTrustedProxies`) is not sent away.
 */
const toHttps = ({ server, httpsPort }: BoundServer): Route => ({
  name: 'https-redirect',
  match: notByTls,
  metadata: metadata([server.origin]),
  action: {
    case: 'redirect',
    value: {
      schemeRewriteSpecifier: { case: 'httpsRedirect', value: true },
      portRedirect: httpsPort ?? 443,
    },
  },
});

const notByTls: RouteMatch = {
  pathSpecifier: { case: 'prefix', value: '/' },
  headers: [
    {
      name: 'x-forwarded-proto',
      headerMatchSpecifier: {
        case: 'stringMatch',
        value: { matchPattern: { case: 'exact', value: 'https' } },
      },
      invertMatch: true,
    },
  ],
};

const nothingHere = (servers: readonly BoundServer[]): Route => ({
  name: 'blackhole',
  match: everything,
  metadata: metadata(servers.map(({ server }) => server.origin)),
  action: { case: 'directResponse', value: { status: 404 } },
});
