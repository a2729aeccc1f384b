import { create } from '@bufbuild/protobuf';
import { VirtualHostSchema } from '@tulle/xds/gen/envoy/config/route/v3/route_components_pb.js';
import {
  type RouteConfiguration,
  RouteConfigurationSchema,
  VhdsSchema,
} from '@tulle/xds/gen/envoy/config/route/v3/route_pb.js';
import { type Origin, virtualHostName, type XdsResource } from '@tulle/xds/resource';
import { Collector } from '../clusters/collector.ts';
import { cached, cachedByName } from '../messages/cached.ts';
import { ads } from '../messages/config-source.ts';
import { assembled, resourceNamed } from '../messages/serialize.ts';
import type { MadeVirtualHost, VirtualHost } from './virtual-hosts.ts';

/** A route table with what it uses. */
export interface MadeTable {
  readonly name: string;
  readonly collector: Collector;
  /** In one piece. Serialised once. */
  whole(): XdsResource;
  /** In pieces, of which a change sends those that it touches; absent: the table is of one piece for everybody. */
  parted?(): PartedTable;
}

/** A route table whose virtual hosts are resources of their own (Envoy's VHDS). */
export interface PartedTable {
  readonly route: XdsResource;
  /** By name: `<table>/<virtual host>`. */
  readonly virtualHosts: ReadonlyMap<string, XdsResource>;
}

/** A table of few virtual hosts, whoever changes one sends all. */
export function table(name: string, hosts: readonly VirtualHost[], collector: Collector): MadeTable {
  const made = hosts.map((message) => ({ message, collector: nothing }));
  const whole = once(() => routeTable(emptyTable(name), messagesOf(distinct(made)), collector.origins));
  return { name, collector, whole };
}

const nothing = new Collector();

/** A table with a virtual host for each service. @param others what is left: it stays with the table */
export function hostTable(
  name: string,
  hosts: readonly MadeVirtualHost[],
  others: MadeVirtualHost,
): MadeTable {
  const collector = new Collector();
  for (const host of hosts) collector.include(host.collector);
  collector.include(others.collector);
  const all = once(() => distinct([...hosts, others]));
  return {
    name,
    collector,
    whole: once(() => routeTable(emptyTable(name), messagesOf(all()), collector.origins)),
    parted: once(() => {
      const virtualHosts = new Map<string, XdsResource>();
      const rest: MadeVirtualHost[] = [];
      for (const host of all()) {
        const own = virtualHostName(name, host.message.name ?? '');
        if (host.message === others.message || virtualHosts.has(own)) rest.push(host);
        else virtualHosts.set(own, hostResource(name, own, host));
      }
      const origins = rest.flatMap((host) => host.collector.origins);
      const route = routeTable({ ...emptyTable(name), vhds }, messagesOf(rest), origins);
      return { route, virtualHosts };
    }),
  };
}

/** Where the virtual hosts of a table in pieces come from. */
export const vhds = create(VhdsSchema, { configSource: ads });

const virtualHostsField = RouteConfigurationSchema.field.virtualHosts.number;

/** A table's resource. @param message without virtual hosts */
export function routeTable(
  message: RouteConfiguration,
  hosts: readonly VirtualHost[],
  origins: readonly Origin[],
): XdsResource {
  const items = { number: virtualHostsField, schema: VirtualHostSchema, items: hosts };
  return assembled(RouteConfigurationSchema, message, items, origins);
}

const emptyTable = (name: string): RouteConfiguration =>
  create(RouteConfigurationSchema, { name, validateClusters: false });

const messagesOf = (hosts: readonly MadeVirtualHost[]): VirtualHost[] => hosts.map(({ message }) => message);

const resources = new WeakMap<VirtualHost, Map<string, XdsResource>>();

/** The same object for the same virtual host: before and after a change of others. */
function hostResource(table: string, name: string, { message, collector }: MadeVirtualHost): XdsResource {
  const byTable = cached(resources, message, () => new Map<string, XdsResource>());
  return cachedByName(byTable, table, () =>
    resourceNamed(name, VirtualHostSchema, create(VirtualHostSchema, message), collector.origins),
  );
}

/** Envoy refuses a table that has a domain twice: the first keeps it, a host without domains is left out. */
function distinct(hosts: readonly MadeVirtualHost[]): readonly MadeVirtualHost[] {
  const taken = new Set<string>();
  return hosts.flatMap((host) => {
    const { message } = host;
    const domains = (message.domains ?? []).filter((domain) => !taken.has(domain));
    for (const domain of domains) taken.add(domain);
    if (domains.length === 0) return [];
    // The same object where nothing was taken: it is serialised already.
    return domains.length === message.domains?.length
      ? [host]
      : [{ ...host, message: { ...message, domains } }];
  });
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
