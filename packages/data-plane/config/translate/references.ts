import type { Cluster } from '@tulle/decision/tables/cluster';
import type { FilterChain, Listener } from '@tulle/decision/tables/listener';
import type { RouteTable } from '@tulle/decision/tables/route';
import type { DownstreamTls, UpstreamTls } from '@tulle/decision/tables/tls';
import { localCluster } from '@tulle/xds/resource';

/** Resources of other types that one names. */
export interface References {
  readonly endpoint: readonly string[];
  readonly route: readonly string[];
  /** Route tables whose virtual hosts come by themselves. */
  readonly virtualHost: readonly string[];
  readonly secret: readonly string[];
}

/** Of types that refer to nothing. */
export const noReferences: References = { endpoint: [], route: [], virtualHost: [], secret: [] };

function secretsOf(tls: DownstreamTls | UpstreamTls | undefined): string[] {
  if (tls === undefined) return [];
  const roots = tls.validation === undefined ? [] : [tls.validation.rootsSecret];
  if ('certificateSecrets' in tls) return [...tls.certificateSecrets, ...roots];
  return tls.certificateSecret === undefined ? roots : [tls.certificateSecret, ...roots];
}

export function clusterReferences({ discovery, tls, tlsMatches, zoneAware }: Cluster): References {
  return {
    endpoint: [
      ...(discovery.kind === 'eds' ? [discovery.name] : []),
      ...(zoneAware === undefined ? [] : [localCluster]),
    ],
    route: [],
    virtualHost: [],
    secret: [secretsOf(tls), ...tlsMatches.map((match) => secretsOf(match.tls))].flat(),
  };
}

export function listenerReferences({ filterChains, defaultFilterChain }: Listener): References {
  const chains = defaultFilterChain === undefined ? filterChains : [...filterChains, defaultFilterChain];
  return {
    endpoint: [],
    route: chains.flatMap(routeOf),
    virtualHost: [],
    secret: chains.flatMap(({ tls }) => secretsOf(tls)),
  };
}

export const routeReferences = ({ name, discoversHosts }: RouteTable): References =>
  discoversHosts === true ? { ...noReferences, virtualHost: [name] } : noReferences;

function routeOf({ filter }: FilterChain): string[] {
  return filter.kind === 'http' && filter.manager.routes.kind === 'rds' ? [filter.manager.routes.name] : [];
}
