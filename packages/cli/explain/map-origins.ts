import type { ExplainedCluster, Explanation } from '@tulle/data-plane/explain/explanation';
import type { Origin } from '@tulle/xds/resource';

/** An explanation with all of its origins replaced. */
export function mapOrigins(of: Explanation, map: (origin: Origin) => Origin): Explanation {
  const all = (origins: readonly Origin[]): readonly Origin[] => origins.map(map);
  const inCluster = (cluster: ExplainedCluster): ExplainedCluster => ({
    ...cluster,
    origins: all(cluster.origins),
  });
  const { listener, route, outcomes, cluster } = of;
  return {
    ...of,
    listener: {
      ...listener,
      ...(listener.tls?.origins !== undefined && {
        tls: { ...listener.tls, origins: all(listener.tls.origins) },
      }),
      origins: all(listener.origins),
    },
    ...(route !== undefined && {
      route: {
        ...route,
        origins: all(route.origins),
        tried: route.tried.map((one) => ({ ...one, origins: all(one.origins) })),
      },
    }),
    outcomes: outcomes.map((outcome) =>
      outcome.cluster === undefined ? outcome : { ...outcome, cluster: inCluster(outcome.cluster) },
    ),
    ...(cluster !== undefined && { cluster: inCluster(cluster) }),
  };
}

/** All of them, in the order in which they are told. */
export function originsOf(explanation: Explanation): readonly Origin[] {
  const origins: Origin[] = [];
  mapOrigins(explanation, (origin) => {
    origins.push(origin);
    return origin;
  });
  return origins;
}
