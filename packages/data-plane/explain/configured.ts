import type { Endpoint } from '@tulle/decision/tables/endpoint';
import type { Tables } from '@tulle/decision/tables/tables';
import type { RawResources } from '../config/last-good.ts';
import { ConfigStore } from '../config/store.ts';
import { filterReaders } from '../config/translate/filters/filter-readers.ts';

/** The tables that a proxy makes of resources; what they refer to and lack counts as missing. */
export function tablesOf(resources: RawResources): Tables {
  const store = new ConfigStore({ readers: filterReaders, onTables: () => {} });
  store.restore(resources);
  store.stopWaiting();
  return store.tables;
}

/** An endpoint as a running proxy sees it. */
export interface LiveEndpoint {
  readonly address: string;
  readonly port: number;
  /** What speaks against it, in words: `ejected`, `failed health check`; empty: nothing. */
  readonly failing: string;
  /** Requests under way. */
  readonly active: number;
}

export type LiveClusters = ReadonlyMap<string, readonly LiveEndpoint[]>;

/**
 * The same tables with what the proxy has found out for itself: endpoints that it has put out of rotation, and
 * the addresses of names.
 */
export function withLive(tables: Tables, live: LiveClusters): Tables {
  const clusters = new Map(tables.clusters);
  const endpoints = new Map(tables.endpoints);
  for (const [name, cluster] of tables.clusters) {
    const states = live.get(name);
    const { discovery } = cluster;
    if (states === undefined) continue;
    if (discovery.kind === 'eds')
      endpoints.set(
        discovery.name,
        (tables.endpoints.get(discovery.name) ?? []).map((one) => judged(one, states)),
      );
    else if (discovery.kind === 'static')
      clusters.set(name, {
        ...cluster,
        discovery: { kind: 'static', endpoints: discovery.endpoints.map((one) => judged(one, states)) },
      });
    else if (discovery.kind === 'strict-dns')
      clusters.set(name, {
        ...cluster,
        discovery: { kind: 'static', endpoints: resolved(discovery.endpoints, states) },
      });
  }
  return { ...tables, clusters, endpoints };
}

function judged(endpoint: Endpoint, states: readonly LiveEndpoint[]): Endpoint {
  const state = states.find(({ address, port }) => address === endpoint.address && port === endpoint.port);
  return state === undefined || state.failing === '' ? endpoint : { ...endpoint, health: 'unhealthy' };
}

/** A name's addresses take the place of the name; which name one is of does not matter to who is chosen. */
function resolved(named: readonly Endpoint[], states: readonly LiveEndpoint[]): Endpoint[] {
  return states.flatMap((state) => {
    const like = named.find(({ port }) => port === state.port) ?? named[0];
    if (like === undefined) return [];
    const { address, port, failing } = state;
    return [{ ...like, address, port, health: failing === '' ? like.health : 'unhealthy' }];
  });
}
