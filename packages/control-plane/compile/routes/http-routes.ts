import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  HedgePolicySchema,
  type RouteSchema,
} from '@tulle/xds/gen/envoy/config/route/v3/route_components_pb.js';
import type { HttpMatch, HttpRouteSpec } from '../../model/istio.ts';
import type { Service, ServicePort } from '../../model/services/service.ts';
import type { Rule, VirtualService } from '../../model/traffic/virtual-service.ts';
import type { Collector } from '../clusters/collector.ts';
import { routeBandwidths } from '../filters/limits/route-limits.ts';
import { metadata } from '../messages/origins.ts';
import { type Note, note } from '../note.ts';
import { admitsSource, type Source } from '../scope/source-match.ts';
import type { View } from '../scope/view.ts';
import { forwardAction, sharing } from './forward-action.ts';
import { asFields, emptyOperators, headerLists, joined } from './header-rules.ts';
import { directResponse, redirect } from './reply-action.ts';
import { routeFilters } from './route-filters.ts';
import { everything, isCatchAll, routeMatch } from './route-match.ts';

export type Route = MessageInitShape<typeof RouteSchema>;

const hedgePolicy = create(HedgePolicySchema, { hedgeOnPerTryTimeout: true });

/** Where routes are made for: who sees what, who asks where, and what is collected on the way. */
export interface RouteScope {
  readonly view: View;
  readonly source: Source;
  /** The listener terminates TLS: what a redirect without scheme keeps. */
  readonly tls: boolean;
  /** Host that upstreams see, unless a rule says another; undefined: the client's. */
  readonly hostRewrite: string | undefined;
  readonly collector: Collector;
}

/**
 * The routes of all virtual services of a host: the oldest one's first, but what takes everything last, and once, so
 * that no condition of one virtual service is hidden by another (Istio's rule at gateways; here in sidecars too).
 */
export function mergedRoutes(scope: RouteScope, services: readonly VirtualService[]): Route[] {
  return catchAllLast(services.flatMap((service) => virtualServiceRoutes(scope, service)));
}

/** Only the first of several that take everything is ever reached. */
export function catchAllLast(routes: readonly Route[]): Route[] {
  const isLast = (route: Route): boolean => isCatchAll(route.match ?? {});
  const last = routes.find(isLast);
  return [...routes.filter((route) => !isLast(route)), ...(last === undefined ? [] : [last])];
}

/** The routes of a virtual service that can apply to the source, up to the first that takes everything. */
export function virtualServiceRoutes(scope: RouteScope, service: VirtualService): Route[] {
  const routes: Route[] = [];
  for (const rule of service.http) {
    for (const match of rule.spec.match?.length ? rule.spec.match : [undefined]) {
      if (match !== undefined && !admitsSource(match, scope.source)) continue;
      const route = compileRule(scope, rule, match);
      routes.push(route);
      if (isCatchAll(route.match ?? {})) return routes;
    }
  }
  return routes;
}

/** What holds for a service's port without a virtual service: everything to all of its instances. */
export function defaultRoute(scope: RouteScope, service: Service, port: ServicePort): Route {
  const { origin, host } = service;
  const forward = forwardAction(
    scope,
    { route: [{ destination: { host, port: { number: port.number } } }] },
    [origin],
  );
  if (forward === undefined) throw new Error(`no cluster for ${service.key}:${port.number}`);
  scope.collector.origins.push(origin);
  return {
    name: 'default',
    match: everything,
    metadata: metadata([origin]),
    action: { case: 'route', value: forward.action },
  };
}

function compileRule(scope: RouteScope, rule: Rule<HttpRouteSpec>, match: HttpMatch | undefined): Route {
  const { spec, origins } = rule;
  scope.collector.origins.push(...origins);
  const [first, second] = sharing(spec);
  const only = second === undefined ? first : undefined;
  scope.collector.notes.push(...emptyHeaderNotes(rule));
  const headers = joined(headerLists(spec.headers), headerLists(only?.headers));
  return {
    name: [spec.name, match?.name].filter((name) => name).join('.'),
    match: routeMatch(match),
    metadata: metadata(origins),
    ...(match?.statPrefix && { statPrefix: match.statPrefix }),
    ...asFields(headers),
    ...routeFilters(spec, routeBandwidths(scope, spec.name, origins)),
    action: action(scope, rule, headers.authority),
  };
}

function emptyHeaderNotes({ spec, origins: [origin] }: Rule<HttpRouteSpec>): Note[] {
  if (origin === undefined) return [];
  const rules = [spec.headers, ...(spec.route ?? []).map((destination) => destination.headers)];
  const message = 'stays empty in headers: Tulle’s own proxy has no value for it, an Envoy does';
  return [...new Set(rules.flatMap(emptyOperators))].map((operator) =>
    note(origin, 'not-supported', `${operator} ${message}`),
  );
}

function action(
  scope: RouteScope,
  { spec, origins, hedges }: Rule<HttpRouteSpec>,
  authority: string | undefined,
): NonNullable<Route['action']> {
  if (spec.redirect !== undefined)
    return { case: 'redirect', value: redirect(spec.redirect, scope.source.port, scope.tls) };
  if (spec.directResponse !== undefined)
    return { case: 'directResponse', value: directResponse(spec.directResponse) };
  const forward = forwardAction(scope, spec, origins, authority);
  // Istio leaves such a route to a cluster that does not exist; the answer is the same 503, and here it says why.
  if (forward === undefined)
    return {
      case: 'directResponse',
      value: directResponse({ status: 503, body: { string: 'no destination of this route exists' } }),
    };
  const value = hedges ? { ...forward.action, hedgePolicy } : forward.action;
  return { case: 'route', value };
}
