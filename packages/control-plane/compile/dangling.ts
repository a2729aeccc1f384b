import type { XdsResource } from '@tulle/xds/resource';
import type { ClusterSet } from './clusters/cluster-set.ts';
import { cached } from './messages/cached.ts';
import { sdsCluster } from './messages/config-source.ts';
import { type Dangling, findDangling, type Reference } from './messages/references.ts';
import type { ProxyDescription } from './proxy.ts';
import { isOfProxy } from './tls/secrets.ts';

type Resources = ReadonlyMap<string, XdsResource>;

/** What of a snapshot refers to something, or is referred to; endpoints are those of the set of clusters. */
export type Referring = Readonly<
  Record<'cluster' | 'listener' | 'route' | 'virtualHost' | 'secret', Resources>
>;

/** Resources all of whose references lead into a set of clusters, and maps of such. */
const within = new WeakMap<ClusterSet, WeakSet<XdsResource | Resources>>();

/**
 * The first reference that leads out of the snapshot.
 * @param intact whether all of the set's clusters are there
 */
export function danglingIn(resources: Referring, set: ClusterSet, intact: boolean): Dangling | undefined {
  const checked = cached(within, set, () => new WeakSet<XdsResource | Resources>());
  for (const type of ['listener', 'route', 'virtualHost', 'cluster'] as const) {
    if (intact && checked.has(resources[type])) continue;
    let allWithin = intact;
    for (const resource of resources[type].values()) {
      if (intact && checked.has(resource)) continue;
      let isWithin = intact;
      const has = ({ type, name }: Reference): boolean => {
        if (type === 'endpoint') return set.endpoints.has(name);
        if (type === 'cluster' && intact && set.clusters.has(name)) return true;
        if (type === 'secret' && isOfProxy(name)) return true;
        isWithin = false;
        return resources[type].has(name) || (type === 'cluster' && name === sdsCluster);
      };
      const dangling = findDangling([resource], has);
      if (dangling !== undefined) return dangling;
      if (isWithin) checked.add(resource);
      else allWithin = false;
    }
    if (allWithin) checked.add(resources[type]);
  }
  return undefined;
}

/** @throws Error for a reference that leads out of the snapshot */
export function checkReferences(proxy: ProxyDescription, dangling: Dangling | undefined): void {
  if (dangling === undefined) return;
  const { from, reference } = dangling;
  throw new Error(
    `${proxy.id}: ${from.name} refers to ${reference.type} ${reference.name}, which it does not get`,
  );
}
