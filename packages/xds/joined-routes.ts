import { collectionOf } from './resource.ts';
import { WireWriter } from './wire/writer.ts';

interface Resource {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** `virtual_hosts` of envoy.config.route.v3.RouteConfiguration. */
const virtualHostsField = 2;

/**
 * Route tables with the virtual hosts that are resources of their own in them: what Envoy makes of both, and people
 * want to see. Those come first, in their order; `vhds` stays where it was.
 */
export function joinedRoutes<R extends Resource>(
  routes: Iterable<R>,
  virtualHosts: Iterable<Resource>,
): readonly R[] {
  // Without bytes: no virtual host, but word that a table has all of its own.
  const hosts = [...virtualHosts].filter(({ bytes }) => bytes.length > 0);
  const byTable = Map.groupBy(hosts, ({ name }) => collectionOf('virtualHost', name));
  return [...routes].map((route) => {
    const own = byTable.get(route.name);
    return own === undefined ? route : { ...route, bytes: joined(route.bytes, own) };
  });
}

/** Fields of a message may come in any order, and repeated ones in pieces. */
function joined(table: Uint8Array, hosts: readonly Resource[]): Uint8Array {
  const writer = new WireWriter(hosts.reduce((sum, { bytes }) => sum + bytes.length + 8, table.length));
  for (const { bytes } of hosts) {
    writer.tag(virtualHostsField, 2);
    writer.bytes(bytes);
  }
  const fields = writer.finish();
  const all = new Uint8Array(fields.length + table.length);
  all.set(fields);
  all.set(table, fields.length);
  return all;
}
