import { gatewayKey } from '@tulle/resources/istio/gateway-name';
import { hedgeAnnotation } from '@tulle/resources/istio/virtual-service/hedging';
import type { Resource } from '@tulle/resources/kind';
import type { Problem } from '@tulle/resources/problem';
import type { Origin } from '@tulle/xds/resource';
import type { Destination, HttpRouteSpec, TcpRouteSpec, TlsRouteSpec, VirtualServiceSpec } from '../istio.ts';
import { bySeniority, originOf, type Seniority, seniorityOf } from '../origin.ts';
import { isExportedTo, resolveHost } from '../services/host.ts';
import { mergeDelegate } from './delegate.ts';

/** The name by which virtual services refer to all sidecars. */
export const meshGateway = 'mesh';

/** One rule of a virtual service, its hosts resolved; two origins when it comes through a delegate. */
export interface Rule<Spec> {
  readonly spec: Spec;
  readonly origins: readonly Origin[];
  /** An attempt that is late goes on beside the next one. */
  readonly hedges?: true;
}

export interface VirtualService extends Seniority {
  readonly key: string;
  readonly origin: Origin;
  /** Resolved: full names and wildcards. */
  readonly hosts: readonly string[];
  /** `mesh`, or `namespace/name` of a Gateway. */
  readonly gateways: readonly string[];
  readonly exportTo: readonly string[];
  readonly http: readonly Rule<HttpRouteSpec>[];
  readonly tls: readonly Rule<TlsRouteSpec>[];
  readonly tcp: readonly Rule<TcpRouteSpec>[];
}

/** Every destination that a rule names, mirrors included. */
export function* destinationsOf(
  service: VirtualService,
): Generator<{ destination: Destination; path: string }> {
  for (const { spec, origins } of service.http) {
    const path = origins[0]?.path ?? '';
    for (const [index, route] of (spec.route ?? []).entries())
      yield { destination: route.destination, path: `${path}.route[${index}].destination` };
    if (spec.mirror !== undefined) yield { destination: spec.mirror, path: `${path}.mirror` };
    for (const [index, mirror] of (spec.mirrors ?? []).entries())
      yield { destination: mirror.destination, path: `${path}.mirrors[${index}].destination` };
  }
  for (const { spec, origins } of [...service.tls, ...service.tcp])
    for (const [index, route] of (spec.route ?? []).entries())
      yield { destination: route.destination, path: `${origins[0]?.path ?? ''}.route[${index}].destination` };
}

/**
 * All virtual services that have hosts, the oldest first, delegates merged into them. A delegate is a virtual
 * service without hosts; delegates don't delegate further (Istio), so there are no cycles to follow.
 */
export function virtualServicesOf(
  resources: readonly Resource[],
  isKnown: (host: string) => boolean,
  report: (origin: Origin, problem: Problem) => void,
): VirtualService[] {
  const byName = new Map(
    resources.map((resource) => [`${resource.metadata.namespace}/${resource.metadata.name}`, resource]),
  );
  return resources
    .filter((resource) => specOf(resource).hosts?.length)
    .map((resource) => {
      const spec = specOf(resource);
      const seniority = seniorityOf(resource.metadata);
      const { namespace, name } = seniority;
      return {
        ...seniority,
        key: `${namespace}/${name}`,
        origin: originOf(resource),
        hosts: (spec.hosts ?? []).map((host) => resolveHost(host, namespace, isKnown)),
        gateways: (spec.gateways?.length ? spec.gateways : [meshGateway]).map((gateway) =>
          gatewayOf(gateway, namespace),
        ),
        exportTo: spec.exportTo ?? [],
        http: httpRules(resource, byName, isKnown, report),
        tls: (spec.tls ?? []).map((rule, index) => l4Rule(rule, resource, `spec.tls[${index}]`, isKnown)),
        tcp: (spec.tcp ?? []).map((rule, index) => l4Rule(rule, resource, `spec.tcp[${index}]`, isKnown)),
      };
    })
    .toSorted(bySeniority);
}

const hedgingOf = ({ metadata }: Resource): Pick<Rule<unknown>, 'hedges'> =>
  metadata.annotations?.[hedgeAnnotation] === 'true' ? { hedges: true } : {};

const specOf = (resource: Resource): VirtualServiceSpec => (resource.spec ?? {}) as VirtualServiceSpec;

/** `mesh`, or `namespace/name`. */
const gatewayOf = (written: string, namespace: string): string =>
  written === meshGateway ? written : gatewayKey(written, namespace);

function httpRules(
  resource: Resource,
  byName: ReadonlyMap<string, Resource>,
  isKnown: (host: string) => boolean,
  report: (origin: Origin, problem: Problem) => void,
): Rule<HttpRouteSpec>[] {
  const { namespace = '' } = resource.metadata;
  const hedged = hedgingOf(resource);
  return (specOf(resource).http ?? []).flatMap((spec, index) => {
    const origin = originOf(resource, `spec.http[${index}]`);
    const gatewaysResolved = withGateways(spec, namespace);
    if (spec.delegate === undefined)
      return [{ spec: resolveRoute(gatewaysResolved, namespace, isKnown), origins: [origin], ...hedged }];
    const path = `${origin.path}.delegate`;
    const name = `${spec.delegate.namespace || namespace}/${spec.delegate.name ?? ''}`;
    const delegate = byName.get(name);
    const problem =
      delegate === undefined ? `no virtual service ${name}` : whyNotDelegate(delegate, namespace, name);
    if (delegate === undefined || problem !== undefined) {
      report(origin, { severity: 'warning', code: 'bad-delegate', path, message: problem ?? '' });
      return [];
    }
    const delegated = delegate.metadata.namespace ?? '';
    return (specOf(delegate).http ?? []).flatMap((inner, at) => {
      const innerOrigin = originOf(delegate, `spec.http[${at}]`);
      if (inner.delegate !== undefined) {
        const message = `${name} is a delegate itself: it can't delegate further`;
        report(innerOrigin, {
          severity: 'warning',
          code: 'bad-delegate',
          path: `${innerOrigin.path}.delegate`,
          message,
        });
        return [];
      }
      const merged = mergeDelegate(gatewaysResolved, resolveRoute(inner, delegated, isKnown));
      if (merged === undefined) {
        const message = `matches nothing that ${namespace}/${resource.metadata.name} ${origin.path} passes on`;
        report(innerOrigin, {
          severity: 'warning',
          code: 'bad-delegate',
          path: `${innerOrigin.path}.match`,
          message,
        });
        return [];
      }
      return [{ spec: merged, origins: [origin, innerOrigin], ...hedged, ...hedgingOf(delegate) }];
    });
  });
}

function whyNotDelegate(delegate: Resource, viewer: string, name: string): string | undefined {
  const spec = specOf(delegate);
  if (spec.hosts?.length)
    return `${name} has hosts: only a virtual service without hosts can be delegated to`;
  const visible = isExportedTo(spec.exportTo ?? [], delegate.metadata.namespace ?? '', viewer);
  return visible ? undefined : `${name} is not exported to namespace ${viewer}`;
}

function withGateways(spec: HttpRouteSpec, namespace: string): HttpRouteSpec {
  if (spec.match === undefined) return spec;
  return { ...spec, match: spec.match.map((match) => gatewaysIn(match, namespace)) };
}

function gatewaysIn<T extends { readonly gateways?: readonly string[] | undefined }>(
  match: T,
  namespace: string,
): T {
  if (!match.gateways?.length) return match;
  return { ...match, gateways: match.gateways.map((gateway) => gatewayOf(gateway, namespace)) };
}

function resolveRoute(
  spec: HttpRouteSpec,
  namespace: string,
  isKnown: (host: string) => boolean,
): HttpRouteSpec {
  const resolve = (destination: Destination): Destination => ({
    ...destination,
    host: resolveHost(destination.host, namespace, isKnown),
  });
  return {
    ...spec,
    ...(spec.route && {
      route: spec.route.map((route) => ({ ...route, destination: resolve(route.destination) })),
    }),
    ...(spec.mirror && { mirror: resolve(spec.mirror) }),
    ...(spec.mirrors && {
      mirrors: spec.mirrors.map((mirror) => ({ ...mirror, destination: resolve(mirror.destination) })),
    }),
  };
}

function l4Rule<Spec extends TcpRouteSpec | TlsRouteSpec>(
  spec: Spec,
  resource: Resource,
  path: string,
  isKnown: (host: string) => boolean,
): Rule<Spec> {
  const { namespace = '' } = resource.metadata;
  const route = (spec.route ?? []).map((to) => ({
    ...to,
    destination: { ...to.destination, host: resolveHost(to.destination.host, namespace, isKnown) },
  }));
  const match = spec.match?.map((one) => gatewaysIn(one, namespace));
  return { spec: { ...spec, route, ...(match && { match }) }, origins: [originOf(resource, path)] };
}
