import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { VirtualHostSchema } from '@tulle/xds/gen/envoy/config/route/v3/route_components_pb.js';
import { RouteConfigurationSchema } from '@tulle/xds/gen/envoy/config/route/v3/route_pb.js';
import { virtualHostName, type XdsResource } from '@tulle/xds/resource';
import { cached } from '../messages/cached.ts';
import { contentHash } from '../messages/content-hash.ts';
import { resourceNamed } from '../messages/serialize.ts';
import type { Engine } from '../proxy.ts';
import { type MadeTable, type PartedTable, routeTable, vhds } from './made-table.ts';

type Resources = ReadonlyMap<string, XdsResource>;

/** Route tables as a proxy gets them. */
export interface DeliveredTables {
  readonly route: Resources;
  /** Maps that hold the same are the same, for all proxies. */
  readonly virtualHost: Resources;
}

/** Our engine gets virtual hosts by themselves. Envoy can't have several such tables on one stream (decision 0014). */
export const takesParts = (engine: Engine): boolean => engine === 'tulle';

const noHosts: Resources = new Map();

export function wholeTables(tables: readonly MadeTable[]): DeliveredTables {
  return { route: new Map(tables.map((table) => [table.name, table.whole()])), virtualHost: noHosts };
}

/** @param patched what EnvoyFilters made of the whole tables, by name; absent: they were not asked */
export function partedTables(tables: readonly MadeTable[], patched?: Resources): DeliveredTables {
  const route = new Map<string, XdsResource>();
  let virtualHost = noHosts;
  for (const table of tables) {
    const other = patched?.get(table.name);
    const parts = table.parted?.();
    if (parts === undefined) {
      route.set(table.name, other ?? table.whole());
      continue;
    }
    const own = other === undefined || other === table.whole() ? parts : partsOf(other, table, parts);
    route.set(table.name, own.route);
    virtualHost = joined(virtualHost, own.virtualHosts);
  }
  return { route, virtualHost };
}

const joins = new WeakMap<Resources, WeakMap<Resources, Resources>>();

/** The same map for the same two, so that whoever compares what proxies get does it once. */
function joined(one: Resources, other: Resources): Resources {
  if (one.size === 0) return other;
  const ofOne = cached(joins, one, () => new WeakMap<Resources, Resources>());
  return cached(ofOne, other, () => new Map([...one, ...other]));
}

const pieces = new WeakMap<XdsResource, PartedTable>();

/** A patched table in the pieces that it was in before; a virtual host that a patch adds stays with the table. */
function partsOf(patched: XdsResource, table: MadeTable, before: PartedTable): PartedTable {
  return cached(pieces, patched, () => {
    const message = fromBinary(RouteConfigurationSchema, patched.bytes);
    const known = new Set(table.whole().origins);
    const added = patched.origins.filter((origin) => !known.has(origin));
    const virtualHosts = new Map<string, XdsResource>();
    const rest = message.virtualHosts.filter((host) => {
      const name = virtualHostName(table.name, host.name);
      const original = before.virtualHosts.get(name);
      if (original === undefined || virtualHosts.has(name)) return true;
      const isSame = contentHash(toBinary(VirtualHostSchema, host)) === original.version;
      const origins = [...original.origins, ...added];
      virtualHosts.set(name, isSame ? original : resourceNamed(name, VirtualHostSchema, host, origins));
      return false;
    });
    const route = routeTable({ ...message, virtualHosts: [], vhds }, rest, [
      ...before.route.origins,
      ...added,
    ]);
    return { route, virtualHosts };
  });
}
