import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  RouteAction_HashPolicySchema,
  RouteActionSchema,
} from '@tulle/xds/gen/envoy/config/route/v3/route_components_pb.js';
import type { Origin } from '@tulle/xds/resource';
import type { ConsistentHash, Destination, HttpDestination, HttpRouteSpec } from '../../model/istio.ts';
import { blackHoleCluster, type ClusterRef, resolveDestination } from '../clusters/cluster-ref.ts';
import { routeRateLimits } from '../filters/limits/route-limits.ts';
import { duration, none } from '../messages/duration.ts';
import { fraction } from '../messages/fraction.ts';
import { note } from '../note.ts';
import { asFields, headerLists } from './header-rules.ts';
import type { RouteScope } from './http-routes.ts';
import { retryPolicy } from './retry.ts';

type RouteAction = MessageInitShape<typeof RouteActionSchema>;
type HashPolicy = MessageInitShape<typeof RouteAction_HashPolicySchema>;

/** The destinations of a rule that get anything. With one its weight means nothing; of several, 0 gets nothing. */
export function sharing({ route = [] }: HttpRouteSpec): readonly HttpDestination[] {
  return route.length === 1 ? route : route.filter(({ weight = 0 }) => weight > 0);
}

/**
 * Envoy's action for a rule that forwards. Destinations that lead nowhere are noted; their share of a weighted
 * route is answered 503. Undefined: none leads anywhere.
 */
export function forwardAction(
  scope: RouteScope,
  spec: HttpRouteSpec,
  origins: readonly Origin[],
  authority?: string,
): { readonly action: RouteAction } | undefined {
  const routes = spec.route ?? [];
  const path = origins.at(-1)?.path ?? '';
  const targets = sharing(spec).map((route) => ({
    route,
    cluster: resolve(
      scope,
      route.destination,
      origins,
      `${path}.route[${routes.indexOf(route)}].destination`,
    ),
  }));
  const found = targets.flatMap(({ cluster }) => cluster ?? []);
  if (found.length === 0) return undefined;
  const only = targets.length === 1 ? targets[0]?.cluster : undefined;
  const hash = found.flatMap((cluster) => hashPolicy(cluster.settings.loadBalancer?.consistentHash) ?? []);
  const host = spec.rewrite?.authority || authority || scope.hostRewrite;
  const timeout = duration(spec.timeout) ?? none;
  const action: RouteAction = {
    clusterSpecifier:
      only !== undefined
        ? { case: 'cluster', value: only.name }
        : {
            case: 'weightedClusters',
            value: {
              clusters: targets.map(({ route, cluster }) => {
                const { authority: own, ...headers } = headerLists(route.headers);
                return {
                  name: cluster?.name ?? blackHoleCluster,
                  weight: route.weight ?? 0,
                  ...asFields({ authority: own, ...headers }),
                  ...(own && { hostRewriteSpecifier: { case: 'hostRewriteLiteral' as const, value: own } }),
                };
              }),
            },
          },
    ...pathRewrite(spec.rewrite),
    ...(host && { hostRewriteSpecifier: { case: 'hostRewriteLiteral' as const, value: host } }),
    timeout,
    // As Istio: a gRPC call's own deadline counts, within the route's.
    maxGrpcTimeout: timeout,
    retryPolicy: retryPolicy(
      spec.retries ?? scope.view.config.mesh.retries,
      hash.length > 0 && routes.length === 1,
    ),
    requestMirrorPolicies: mirrors(scope, spec, origins, path),
    hashPolicy: hash,
    rateLimits: routeRateLimits(scope, spec.name, origins),
  };
  return { action };
}

function resolve(
  scope: RouteScope,
  destination: Destination,
  origins: readonly Origin[],
  path: string,
): ClusterRef | undefined {
  const found = resolveDestination(scope.view, destination, scope.source.port);
  if ('cluster' in found) {
    scope.collector.use(found.cluster);
    return found.cluster;
  }
  const origin = origins.at(-1);
  if (origin !== undefined) scope.collector.notes.push(note(origin, found.code, found.message, path));
  return undefined;
}

function pathRewrite(rewrite: HttpRouteSpec['rewrite']): Pick<RouteAction, 'prefixRewrite' | 'regexRewrite'> {
  const regex = rewrite?.uriRegexRewrite;
  if (regex !== undefined)
    return { regexRewrite: { pattern: { regex: regex.match ?? '' }, substitution: regex.rewrite ?? '' } };
  return rewrite?.uri ? { prefixRewrite: rewrite.uri } : {};
}

/** `mirror` with its percentage in one of three spellings, then `mirrors`. 0 % is no mirror. */
function mirrors(
  scope: RouteScope,
  spec: HttpRouteSpec,
  origins: readonly Origin[],
  path: string,
): NonNullable<RouteAction['requestMirrorPolicies']> {
  const percent = spec.mirrorPercentage?.value ?? spec.mirrorPercent ?? spec.mirror_percent;
  const wanted = [
    ...(spec.mirror ? [{ destination: spec.mirror, percent: percent ?? 100, path: `${path}.mirror` }] : []),
    ...(spec.mirrors ?? []).map(({ destination, percentage }, index) => ({
      destination,
      percent: percentage === undefined ? 100 : (percentage.value ?? 0),
      path: `${path}.mirrors[${index}].destination`,
    })),
  ];
  return wanted.flatMap((mirror) => {
    if (mirror.percent <= 0) return [];
    const cluster = resolve(scope, mirror.destination, origins, mirror.path);
    if (cluster === undefined) return [];
    return [{ cluster: cluster.name, runtimeFraction: { defaultValue: fraction(mirror.percent) } }];
  });
}

/** Envoy's hash policy of a DestinationRule's `consistentHash`. */
function hashPolicy(hash: ConsistentHash | undefined): HashPolicy | undefined {
  if (hash?.httpHeaderName)
    return { policySpecifier: { case: 'header', value: { headerName: hash.httpHeaderName } } };
  if (hash?.httpCookie !== undefined) {
    const { name, path = '', ttl, attributes = [] } = hash.httpCookie;
    const more = attributes.map((attribute) => ({ name: attribute.name, value: attribute.value ?? '' }));
    const value = { name, path, attributes: more, ...(ttl && { ttl: duration(ttl) }) };
    return { policySpecifier: { case: 'cookie', value } };
  }
  if (hash?.useSourceIp)
    return { policySpecifier: { case: 'connectionProperties', value: { sourceIp: true } } };
  if (hash?.httpQueryParameterName)
    return { policySpecifier: { case: 'queryParameter', value: { name: hash.httpQueryParameterName } } };
  return undefined;
}
