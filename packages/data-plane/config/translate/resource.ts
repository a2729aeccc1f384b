import type { Cluster } from '@tulle/decision/tables/cluster';
import type { Caller, Endpoint } from '@tulle/decision/tables/endpoint';
import type { Listener } from '@tulle/decision/tables/listener';
import type { RouteTable, VirtualHost } from '@tulle/decision/tables/route';
import type { SecretTable } from '@tulle/decision/tables/secret';
import { collectionOf, virtualHostName, type XdsType } from '@tulle/xds/resource';
import { translateCluster } from './clusters/cluster.ts';
import { translateEndpoints } from './clusters/endpoint.ts';
import type { FilterConfigReaders } from './filters/http-filter.ts';
import { translateListener } from './listeners/listener.ts';
import {
  clusterReferences,
  listenerReferences,
  noReferences,
  type References,
  routeReferences,
} from './references.ts';
import { translateHost, translateRoutes } from './routes/route.ts';
import { translateSecret } from './tls/secret.ts';
import { Problems } from './values/problems.ts';
import { translateWorkload } from './workload.ts';

/** What a resource of each type becomes. */
export interface TableOf {
  readonly cluster: Cluster;
  readonly endpoint: readonly Endpoint[];
  readonly listener: Listener;
  readonly route: RouteTable;
  readonly virtualHost: VirtualHost;
  readonly secret: SecretTable;
  readonly workload: Caller;
}

export type Translated<T extends XdsType> =
  | { readonly ok: true; readonly value: TableOf[T]; readonly references: References }
  | { readonly ok: false; readonly reason: string };

const translators: {
  readonly [T in XdsType]: (
    bytes: Uint8Array,
    readers: FilterConfigReaders,
    problems: Problems,
  ) => TableOf[T] | undefined;
} = {
  cluster: (bytes, _, problems) => translateCluster(bytes, problems),
  endpoint: (bytes, _, problems) => translateEndpoints(bytes, problems),
  listener: translateListener,
  route: translateRoutes,
  virtualHost: translateHost,
  secret: (bytes, _, problems) => translateSecret(bytes, problems),
  workload: (bytes, _, problems) => translateWorkload(bytes, problems),
};

/** One resource, as its bytes, into its table; or every reason why not, in one line. */
export function translateResource<T extends XdsType>(
  type: T,
  name: string,
  bytes: Uint8Array,
  readers: FilterConfigReaders,
): Translated<T> {
  const problems = new Problems();
  const value = translators[type](bytes, readers, problems) as TableOf[T] | undefined;
  const own = value !== undefined && 'name' in value ? value.name : undefined;
  const table = collectionOf(type, name);
  if (own !== undefined && name !== (table === undefined ? own : virtualHostName(table, own)))
    problems.add('name', `is "${own}"`);
  if (value === undefined || problems.list.length > 0) return { ok: false, reason: problems.list.join(', ') };
  return { ok: true, value, references: referencesOf(type, value) };
}

function referencesOf<T extends XdsType>(type: T, value: TableOf[T]): References {
  if (type === 'cluster') return clusterReferences(value as Cluster);
  if (type === 'route') return routeReferences(value as RouteTable);
  return type === 'listener' ? listenerReferences(value as Listener) : noReferences;
}
