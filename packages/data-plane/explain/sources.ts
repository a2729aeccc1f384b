import type { Cluster } from '@tulle/decision/tables/cluster';
import type { FilterChain, Listener } from '@tulle/decision/tables/listener';
import type { Route, RouteTable } from '@tulle/decision/tables/route';
import type { Tables } from '@tulle/decision/tables/tables';
import { joinedRoutes } from '@tulle/xds/joined-routes';
import type { Origin } from '@tulle/xds/resource';
import {
  decode,
  type listener_FilterChain,
  type route_Route,
  type route_RouteConfiguration,
} from '@tulle/xds/wire';
import type { RawResources } from '../config/last-good.ts';
import { httpManagerName } from '../config/translate/listeners/http-manager.ts';
import { messageName } from '../config/translate/values/problems.ts';
import { type NetworkGateway, networkGatewaysIn } from './network-gateways.ts';
import { originsIn } from './origin.ts';

/**
 * The messages that tables were made of. Tables hold functions where messages hold patterns, and leave out where
 * things stem from: a proxy needs neither, who explains it needs both. Decoded when first asked for.
 */
export class Sources {
  readonly #tables: Tables;
  readonly #resources: RawResources;
  readonly #routes = new WeakMap<Route, route_Route>();
  readonly #gateways = new Map<string, ReadonlyMap<string, NetworkGateway>>();
  readonly #aligned = new WeakSet<RouteTable>();

  constructor(tables: Tables, resources: RawResources) {
    this.#tables = tables;
    this.#resources = { ...resources, route: joinedRoutes(resources.route, resources.virtualHost) };
  }

  /** Undefined: the proxy has made it by itself. */
  route(route: Route, table: RouteTable): route_Route | undefined {
    if (!this.#aligned.has(table)) {
      this.#aligned.add(table);
      const configuration = this.#configurationOf(table);
      if (configuration !== undefined) this.#align(table, configuration);
    }
    return this.#routes.get(route);
  }

  ofRoute(route: Route, table: RouteTable): readonly Origin[] {
    return originsIn(this.route(route, table)?.metadata);
  }

  ofCluster({ name }: Cluster): readonly Origin[] {
    const bytes = this.#bytes('cluster', name);
    return bytes === undefined ? [] : originsIn(decode('envoy.config.cluster.v3.Cluster', bytes).metadata);
  }

  /** Gateways that stand for endpoints of other networks, by `address port`. */
  networkGateways({ name }: Cluster): ReadonlyMap<string, NetworkGateway> {
    const known = this.#gateways.get(name);
    if (known !== undefined) return known;
    const bytes = this.#bytes('endpoint', name);
    const found = bytes === undefined ? new Map<string, NetworkGateway>() : networkGatewaysIn(bytes);
    this.#gateways.set(name, found);
    return found;
  }

  ofListener({ name }: Listener): readonly Origin[] {
    const bytes = this.#bytes('listener', name);
    return bytes === undefined ? [] : originsIn(decode('envoy.config.listener.v3.Listener', bytes).metadata);
  }

  /** Of a filter chain of a listener. */
  ofChain(listener: Listener, chain: FilterChain): readonly Origin[] {
    const bytes = this.#bytes('listener', listener.name);
    const at = listener.filterChains.indexOf(chain);
    if (bytes === undefined || at < 0) return [];
    return originsIn(decode('envoy.config.listener.v3.Listener', bytes).filterChains[at]?.metadata);
  }

  #bytes(type: 'cluster' | 'endpoint' | 'listener' | 'route', name: string): Uint8Array | undefined {
    return this.#resources[type].find((resource) => resource.name === name)?.bytes;
  }

  #configurationOf(table: RouteTable): route_RouteConfiguration | undefined {
    if (this.#tables.routes.get(table.name) === table) {
      const bytes = this.#bytes('route', table.name);
      return bytes === undefined ? undefined : decode('envoy.config.route.v3.RouteConfiguration', bytes);
    }
    for (const listener of this.#tables.listeners.values()) {
      const chains = [...listener.filterChains, listener.defaultFilterChain];
      const at = chains.findIndex(
        (chain) =>
          chain?.filter.kind === 'http' &&
          chain.filter.manager.routes.kind === 'inline' &&
          chain.filter.manager.routes.table === table,
      );
      const bytes = at < 0 ? undefined : this.#bytes('listener', listener.name);
      if (bytes === undefined) continue;
      const message = decode('envoy.config.listener.v3.Listener', bytes);
      return inlineRoutes(message.filterChains[at] ?? message.defaultFilterChain);
    }
    return undefined;
  }

  /** A virtual host's routes are its message's, after those that the proxy puts before them. */
  #align(table: RouteTable, { virtualHosts }: route_RouteConfiguration): void {
    const byName = new Map(virtualHosts.map((host) => [host.name, host]));
    table.virtualHosts.forEach((host, h) => {
      // Virtual hosts that came by themselves may stand in another order.
      const inPlace = virtualHosts[h];
      const messages = (inPlace?.name === host.name ? inPlace : byName.get(host.name))?.routes ?? [];
      const own = host.routes.length - messages.length;
      messages.forEach((message, at) => {
        const route = host.routes[own + at];
        if (route !== undefined) this.#routes.set(route, message);
      });
    });
  }
}

function inlineRoutes(chain: listener_FilterChain | undefined): route_RouteConfiguration | undefined {
  for (const { typedConfig } of chain?.filters ?? [])
    if (typedConfig !== undefined && messageName(typedConfig) === httpManagerName)
      return decode(httpManagerName, typedConfig.value).routeConfig;
  return undefined;
}
