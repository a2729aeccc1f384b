import type { FilterChain } from '@tulle/xds/gen/envoy/config/listener/v3/listener_components_pb.js';
import type { Listener } from '@tulle/xds/gen/envoy/config/listener/v3/listener_pb.js';
import type { RouteConfiguration } from '@tulle/xds/gen/envoy/config/route/v3/route_pb.js';
import {
  type HttpConnectionManager,
  HttpConnectionManagerSchema,
} from '@tulle/xds/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { TcpProxySchema } from '@tulle/xds/gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js';
import { unpacked } from './any.ts';
import { routerName } from './manager.ts';

/** Why no proxy would take a listener; undefined: nothing that we know of. */
export function listenerDefect({ filterChains, defaultFilterChain }: Listener): string | undefined {
  const chains = [...filterChains, ...(defaultFilterChain === undefined ? [] : [defaultFilterChain])];
  if (chains.length === 0) return 'the listener would have no filter chain';
  return first(chains, chainDefect);
}

function chainDefect({ name, filters }: FilterChain): string | undefined {
  if (filters.length === 0) return `filter chain ${name} would have no filter`;
  for (const [index, filter] of filters.entries()) {
    const content = filter.configType.case === 'typedConfig' ? unpacked(filter.configType.value) : undefined;
    const isManager = content?.desc === HttpConnectionManagerSchema;
    const isTerminal = isManager || content?.desc === TcpProxySchema;
    if (isTerminal && index < filters.length - 1)
      return `in filter chain ${name} nothing may follow ${filter.name}`;
    if (isManager) {
      const found = managerDefect(content.message as HttpConnectionManager);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function managerDefect({ httpFilters, routeSpecifier }: HttpConnectionManager): string | undefined {
  const router = httpFilters.findIndex(({ name }) => name === routerName);
  if (router < 0) return `the HTTP filters would not end with ${routerName}`;
  if (router < httpFilters.length - 1) return `no HTTP filter may follow ${routerName}`;
  return routeSpecifier.case === 'routeConfig' ? routeDefect(routeSpecifier.value) : undefined;
}

/** What Envoy would refuse the whole table for; undefined: nothing. */
export function routeDefect({ virtualHosts }: RouteConfiguration): string | undefined {
  const owners = new Map<string, string>();
  return first(virtualHosts, ({ name, domains }) => {
    if (domains.length === 0) return `virtual host ${name} would have no domain`;
    for (const domain of domains) {
      if (owners.has(domain))
        return `virtual hosts ${owners.get(domain)} and ${name} would both have ${domain}`;
      owners.set(domain, name);
    }
    return undefined;
  });
}

function first<T>(items: readonly T[], defect: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = defect(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
