import { type DumpEntry, dumpResources } from '@tulle/data-plane/config/dump';
import type { RawResources } from '@tulle/data-plane/config/last-good';
import { matchWords } from '@tulle/data-plane/explain/match-words';
import { joinedRoutes } from '@tulle/xds/joined-routes';
import type { JsonObject } from '@tulle/xds/json';
import { decode } from '@tulle/xds/wire';
import { list, text } from '../../api/config-dump.ts';
import { clusterFacts } from './cluster-facts.ts';
import { destinationName } from './destination-name.ts';
import { endpointFacts } from './endpoint-facts.ts';
import { leavesOf } from './leaves.ts';
import { listenerFacts } from './listener-facts.ts';
import { routeFacts } from './route-facts.ts';

/** What is true of something: `timeout` ⇒ `3 s`. */
export type Facts = ReadonlyMap<string, string>;

export interface Subject {
  readonly kind: 'listener' | 'host' | 'route' | 'cluster' | 'endpoints';
  /** Of a route, the virtual host that it belongs to; else empty. */
  readonly host: string;
  readonly name: string;
  readonly facts: Facts;
  /** Of a route that leads to clusters: what is true of that only. It says nothing beside an answer of the proxy's own. */
  readonly forwarding?: Facts;
}

/** The order of a virtual host's routes, by what they match. */
export const routeOrder = 'order of routes';

/** All that a proxy's configuration says, but for where it stems from; by what tells its subjects apart. */
export function factsOf(resources: RawResources): ReadonlyMap<string, Subject> {
  const subjects = new Map<string, Subject>();
  const route = joinedRoutes(resources.route, resources.virtualHost);
  const joined = { ...resources, route, virtualHost: [] };
  for (const entry of dumpResources(joined)) {
    for (const subject of subjectsOf(entry, joined)) {
      const key = `${subject.kind} ${subject.host} ${subject.name} ${entry.type === 'route' ? entry.name : ''}`;
      let nth = 0;
      while (subjects.has(`${key} ${nth}`)) nth++;
      subjects.set(`${key} ${nth}`, subject);
    }
  }
  return subjects;
}

function subjectsOf(entry: DumpEntry, resources: RawResources): readonly Subject[] {
  const { type, name, resource } = entry;
  switch (type) {
    case 'cluster':
      return [{ kind: type, host: '', name: destinationName(name), facts: clusterFacts(resource) }];
    case 'endpoint':
      return [{ kind: 'endpoints', host: '', name: destinationName(name), facts: endpointFacts(resource) }];
    case 'listener':
      return [{ kind: type, host: '', name, facts: listenerFacts(resource) }];
    case 'route':
      return routeSubjects(resource, resources.route.find((one) => one.name === name)?.bytes);
    case 'virtualHost':
    case 'secret':
    case 'workload':
      return [];
  }
}

/** What is not of the mesh, and may pass or not. */
export const otherHosts = 'any other host';
/** The virtual hosts for it. */
const unknownHosts: ReadonlySet<string> = new Set(['allow_any', 'block_all', 'blackhole']);

function routeSubjects(resource: JsonObject, bytes: Uint8Array = new Uint8Array()): Subject[] {
  const message = decode('envoy.config.route.v3.RouteConfiguration', bytes);
  return (list(resource, 'virtualHosts') as JsonObject[]).flatMap((host, h) => {
    const { routes: _, ...own } = host;
    const called = text(host, 'name');
    const name = unknownHosts.has(called) ? otherHosts : called;
    const routes = list(host, 'routes') as JsonObject[];
    const wanted = routes.map((_route, r) =>
      matchWords(message.virtualHosts[h]?.routes[r]?.match).join(', '),
    );
    return [
      { kind: 'host', host: '', name, facts: new Map([...leavesOf(own), [routeOrder, wanted.join('\n')]]) },
      ...routes.map((route, r): Subject => {
        const { match: __, ...does } = route;
        return { kind: 'route', host: name, name: wanted[r] ?? '', ...routeFacts(does) };
      }),
    ];
  });
}
