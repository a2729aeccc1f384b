import type { Service, ServicePort } from '../../model/services/service.ts';
import { Collector } from '../clusters/collector.ts';
import { outsideCluster, refusesOutside } from '../clusters/outside.ts';
import { none } from '../messages/duration.ts';
import { authorities } from '../scope/domains.ts';
import type { Scope } from '../scope/scope.ts';
import type { View } from '../scope/view.ts';
import { hostTable, type MadeTable, table } from './made-table.ts';
import { everything } from './route-match.ts';
import {
  httpRoutes,
  otherHosts,
  restOf,
  serviceVirtualHost,
  type VirtualHost,
  virtualOnlyHosts,
} from './virtual-hosts.ts';

export const httpProxyTable = 'http_proxy';

/** The table of the outbound HTTP proxy. Shared by proxies of one view and scope. */
export function httpProxyRoutes(view: View, scope: Scope): MadeTable {
  return view.once(`table ${httpProxyTable} ${scope.key}`, () => {
    const hosts = scope.ports.map((one) => serviceVirtualHost(one.view, one.service, one.port));
    if (scope.virtualOnly) hosts.push(...virtualOnlyHosts(scope.virtualOnly));
    return hostTable(httpProxyTable, hosts, restOf(view, scope.origins));
  });
}

/**
 * The table of a listener that is one service's, whose clients may send any Host: a declared upstream's on
 * loopback, where the Host means nothing and becomes `host`, or that of a service's own address.
 */
export function upstreamRoutes(view: View, host: string, service: Service, port: ServicePort): MadeTable {
  const name = upstreamTable(host, port.number);
  return view.once(`table ${name} ${service.key}`, () => {
    const collector = new Collector();
    const authority = view.captured ? undefined : authorities(host, port.number).at(-1);
    const routes = httpRoutes(view, service, port, authority, collector);
    const virtualHost = {
      name: `${service.host}:${port.number}`,
      domains: ['*'],
      routes,
      includeRequestAttemptCount: true,
    };
    return table(name, [virtualHost], collector);
  });
}

/** An upstream that no service of the mesh has: passed on to the world, or refused under REGISTRY_ONLY. */
export function foreignUpstreamRoutes(view: View, host: string, port: number): MadeTable {
  const name = upstreamTable(host, port);
  return view.once(`table ${name} outside`, () => {
    const collector = new Collector();
    const cluster = outsideCluster(view, collector);
    const value = authorities(host, port).at(-1) ?? host;
    const pass: VirtualHost = {
      name: 'allow_any',
      domains: ['*'],
      routes: [
        {
          name: 'allow_any',
          match: everything,
          action: {
            case: 'route',
            value: {
              clusterSpecifier: { case: 'cluster', value: cluster },
              hostRewriteSpecifier: { case: 'hostRewriteLiteral', value },
              timeout: none,
            },
          },
        },
      ],
    };
    return table(name, [refusesOutside(view) ? otherHosts(view, collector) : pass], collector);
  });
}

const upstreamTable = (host: string, port: number): string => `${host}:${port}`;
