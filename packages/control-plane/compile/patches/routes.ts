import { toBinary } from '@bufbuild/protobuf';
import {
  type Route,
  RouteSchema,
  type VirtualHost,
  VirtualHostSchema,
} from '@tulle/xds/gen/envoy/config/route/v3/route_components_pb.js';
import {
  type RouteConfiguration,
  RouteConfigurationSchema,
} from '@tulle/xds/gen/envoy/config/route/v3/route_pb.js';
import type { Origin } from '@tulle/xds/resource';
import { withOrigins } from '../messages/origins.ts';
import { patchedList } from './list-operation.ts';
import { type Context, isAdding, isMerging, type Patch, type PatchSet } from './patch-set.ts';
import type { Tracker } from './tracker.ts';

/** Patches a route table in place. */
export function patchRoutes(
  set: PatchSet,
  context: Context,
  table: RouteConfiguration,
  tracker: Tracker,
): void {
  const ports = portsOf(set, table.name);
  for (const patch of set.of('ROUTE_CONFIGURATION', context))
    if (isMerging(patch) && selectsTable(patch, table.name, ports))
      tracker.merge(RouteConfigurationSchema, table, patch);
  table.virtualHosts = table.virtualHosts.flatMap(
    (host) => patchVirtualHost(set, context, table.name, host, tracker) ?? [],
  );
  for (const patch of set.of('VIRTUAL_HOST', context)) {
    if (!isAdding(patch) || !selectsTable(patch, table.name, ports)) continue;
    table.virtualHosts.push(tracker.value(VirtualHostSchema, patch));
    tracker.used.add(patch);
  }
}

/** The ports that a table is for; undefined: its virtual hosts are for ports of their own. */
function portsOf(set: PatchSet, name: string): ReadonlySet<number> | undefined {
  const port = Number(
    /^(?:inbound\||https?\.)?(\d+)|:(\d+)$/
      .exec(name)
      ?.slice(1)
      .find((one) => one),
  );
  if (Number.isNaN(port)) return undefined;
  return (set.isGateway ? set.gatewayPorts.get(port) : undefined) ?? new Set([port]);
}

function selectsTable(
  { match: { routeConfiguration: wanted } }: Patch,
  name: string,
  ports: ReadonlySet<number> | undefined,
): boolean {
  if (wanted === undefined) return true;
  if (wanted.name && wanted.name !== name && !ports?.has(Number(wanted.name))) return false;
  if (wanted.portNumber && !ports?.has(wanted.portNumber)) return false;
  if (!wanted.portName && !wanted.gateway) return true;
  // A gateway's table for HTTPS: `https.<port>.<port's name>.<gateway>.<namespace>`.
  const [scheme, , portName, gateway, namespace] = name.split('.');
  if (scheme !== 'https') return false;
  if (wanted.portName && wanted.portName !== portName) return false;
  return !wanted.gateway || wanted.gateway === `${namespace}/${gateway}`;
}

/** In the table of an HTTP proxy each virtual host is for its own port. */
function selectsHost(set: PatchSet, patch: Patch, table: string, host: VirtualHost): boolean {
  const ports = portsOf(set, table) ?? portsOf(set, host.name);
  if (!selectsTable(patch, table, ports)) return false;
  const wanted = patch.match.routeConfiguration?.vhost;
  if (wanted?.name && wanted.name !== host.name) return false;
  return !wanted?.domainName || host.domains.includes(wanted.domainName);
}

/** @returns undefined: it is removed */
function patchVirtualHost(
  set: PatchSet,
  context: Context,
  table: string,
  original: VirtualHost,
  tracker: Tracker,
): VirtualHost | undefined {
  let host = original;
  for (const patch of set.of('VIRTUAL_HOST', context)) {
    if (isAdding(patch) || !selectsHost(set, patch, table, host)) continue;
    if (isMerging(patch)) tracker.merge(VirtualHostSchema, host, patch);
    else tracker.used.add(patch);
    if (patch.operation === 'REMOVE') return undefined;
    if (patch.operation === 'REPLACE') host = tracker.value(VirtualHostSchema, patch);
  }
  const patches = set.of('HTTP_ROUTE', context).filter((patch) => selectsHost(set, patch, table, host));
  if (patches.length > 0) host.routes = patchHttpRoutes(patches, host.routes, tracker);
  return host;
}

function patchHttpRoutes(patches: readonly Patch[], original: Route[], tracker: Tracker): Route[] {
  const removed = new Set<Route>();
  for (const route of original) {
    const origins: Origin[] = [];
    let bytes = toBinary(RouteSchema, route);
    for (const patch of patches) {
      if (!selectsRoute(patch, route) || removed.has(route)) continue;
      if (isMerging(patch)) {
        const before = bytes;
        tracker.merge(RouteSchema, route, patch);
        bytes = toBinary(RouteSchema, route);
        if (Buffer.compare(bytes, before) !== 0) origins.push(...patch.origins);
      } else if (patch.operation === 'REMOVE') {
        tracker.used.add(patch);
        removed.add(route);
      }
    }
    if (origins.length > 0) route.metadata = withOrigins(route.metadata, origins);
  }
  let routes: readonly Route[] = original.filter((route) => !removed.has(route));
  for (const patch of patches.filter(isAdding)) {
    const next = patchedList(routes, {
      operation: patch.operation,
      isNamed: patch.match.routeConfiguration?.vhost?.route !== undefined,
      selects: (route) => selectsRoute(patch, route),
      make: () => {
        const route = tracker.value(RouteSchema, patch);
        route.metadata = withOrigins(route.metadata, patch.origins);
        return route;
      },
    });
    if (next !== routes) tracker.used.add(patch);
    routes = next;
  }
  return [...routes];
}

const actions = { route: 'ROUTE', redirect: 'REDIRECT', directResponse: 'DIRECT_RESPONSE' } as const;

/** CONNECT routes are none of Istio's: tunnels of the HTTP proxy, in which our engine looks for the other routes. */
function selectsRoute({ match }: Patch, { name, action, match: requests }: Route): boolean {
  if (requests?.pathSpecifier.case === 'connectMatcher') return false;
  const wanted = match.routeConfiguration?.vhost?.route;
  if (wanted?.name && wanted.name !== name) return false;
  if (wanted?.action === undefined || wanted.action === 'ANY') return true;
  return actions[action.case as keyof typeof actions] === wanted.action;
}
