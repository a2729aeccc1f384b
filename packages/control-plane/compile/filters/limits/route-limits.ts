import type { Any } from '@bufbuild/protobuf/wkt';
import type { Origin } from '@tulle/xds/resource';
import { resourceKey } from '../../../model/origin.ts';
import type { LimitPolicy } from '../../../model/traffic/limits.ts';
import type { RouteScope } from '../../routes/http-routes.ts';
import { routeBandwidth } from './bandwidth.ts';
import { type RateLimit, rateLimitRule, stageOf } from './descriptors.ts';

/** What a route's requests are counted as: by the limits of its VirtualService, of the one route, and of its Gateway. */
export function routeRateLimits(
  scope: RouteScope,
  name: string | undefined,
  origins: readonly Origin[],
): RateLimit[] {
  const { rate } = scope.view.config.limits;
  return rate.ofRoutes
    .filter((policy) => isFor(policy, scope, name, origins))
    .flatMap((policy) => {
      const stage = stageOf(rate.ofRoutes, policy);
      return stage === undefined
        ? []
        : policy.spec.limits.map((limit) => rateLimitRule(policy, limit, stage));
    });
}

/** What the bandwidth limits of a route say to their filters. */
export function routeBandwidths(
  scope: RouteScope,
  name: string | undefined,
  origins: readonly Origin[],
): Record<string, Any> {
  const { bandwidth } = scope.view.config.limits;
  const place = origins.map((origin) => `${resourceKey(origin)} ${origin.path}`).join(' ');
  const found = bandwidth.ofRoutes.filter((policy) => isFor(policy, scope, name, origins));
  return Object.assign({}, ...found.map((policy) => routeBandwidth(policy, place))) as Record<string, Any>;
}

/** @param origins of the rule: a delegate's has two */
function isFor(
  { targets }: LimitPolicy,
  { source }: RouteScope,
  name: string | undefined,
  origins: readonly Origin[],
): boolean {
  return targets.some(({ key, route }) => {
    if (key.startsWith('Gateway/')) return source.gateways.has(key.slice('Gateway/'.length));
    return origins.some((origin) => resourceKey(origin) === key) && (route === undefined || route === name);
  });
}
