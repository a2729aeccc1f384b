import { type DumpEntry, dumpResources } from '@tulle/data-plane/config/dump';
import type { RawResources } from '@tulle/data-plane/config/last-good';
import { matchWords } from '@tulle/data-plane/explain/match-words';
import { joinedRoutes } from '@tulle/xds/joined-routes';
import type { JsonObject, JsonValue } from '@tulle/xds/json';
import { decode } from '@tulle/xds/wire';
import { at, isObject, list, text } from '../../api/config-dump.ts';
import { leavesOf } from './leaves.ts';

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
/** Where a route leads. */
export const destination = 'to';

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
      return [{ kind: type, host: '', name: shortCluster(name), facts: clusterFacts(resource) }];
    case 'endpoint':
      return [{ kind: 'endpoints', host: '', name: shortCluster(name), facts: endpointFacts(resource) }];
    case 'listener':
      return [{ kind: type, host: '', name, facts: leavesOf(resource) }];
    case 'route':
      return routeSubjects(resource, resources.route.find((one) => one.name === name)?.bytes);
    case 'virtualHost':
    case 'secret':
    case 'workload':
      return [];
  }
}

function routeSubjects(resource: JsonObject, bytes: Uint8Array = new Uint8Array()): Subject[] {
  const message = decode('envoy.config.route.v3.RouteConfiguration', bytes);
  return (list(resource, 'virtualHosts') as JsonObject[]).flatMap((host, h) => {
    const { routes: _, ...own } = host;
    const name = text(host, 'name');
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

function routeFacts({
  route,
  directResponse,
  redirect,
  ...rest
}: JsonObject): Pick<Subject, 'facts' | 'forwarding'> {
  const facts = leavesOf(rest);
  if (isObject(directResponse)) {
    const body = text(directResponse, 'body', 'inlineString');
    const status = `the proxy's own answer ${String(directResponse.status)}`;
    return { facts: new Map([[destination, body === '' ? status : `${status}: ${body}`], ...facts]) };
  }
  if (isObject(redirect))
    return { facts: new Map([[destination, redirectWords(redirect as JsonObject)], ...facts]) };
  const { cluster, weightedClusters, ...policy } = (isObject(route) ? route : {}) as JsonObject;
  const to = destinations(cluster, weightedClusters);
  const forwarding = leavesOf(policy);
  // Istio's time limit holds for gRPC's own, too.
  if (forwarding.get('maxGrpcTimeout') === forwarding.get('timeout')) forwarding.delete('maxGrpcTimeout');
  return {
    facts: new Map([...(to === '' ? [] : [[destination, to] as const]), ...facts]),
    forwarding,
  };
}

const redirectStatus: Readonly<Record<string, number>> = {
  MOVED_PERMANENTLY: 301,
  FOUND: 302,
  SEE_OTHER: 303,
  TEMPORARY_REDIRECT: 307,
  PERMANENT_REDIRECT: 308,
};

/** envoy.config.route.v3.RedirectAction: `a redirect (301) to https://shop.example.com/new`. */
function redirectWords({ httpsRedirect, schemeRedirect, ...of }: JsonObject): string {
  const { hostRedirect = '', portRedirect = 0, pathRedirect, prefixRewrite, responseCode, ...more } = of;
  const scheme = httpsRedirect === true ? 'https' : String(schemeRedirect ?? '');
  const target = [
    scheme === '' ? '' : `${scheme}://`,
    hostRedirect === '' && scheme !== '' ? 'the same host' : hostRedirect,
    portRedirect === 0 ? '' : `:${portRedirect}`,
    pathRedirect ?? prefixRewrite ?? '',
  ].join('');
  const rest = [...leavesOf(more)].map(([fact, value]) => `, ${fact} ${value}`).join('');
  return `a redirect (${redirectStatus[String(responseCode)] ?? 301}) to ${target || 'the same URL'}${rest}`;
}

function destinations(cluster: JsonValue | undefined, weighted: JsonValue | undefined): string {
  if (typeof cluster === 'string') return shortCluster(cluster);
  const clusters = list(weighted, 'clusters');
  const total = clusters.reduce((sum, { weight }) => sum + Number(weight ?? 0), 0);
  const share = (weight: unknown): number => Math.round((Number(weight ?? 0) / total) * 1000) / 10;
  return clusters.map(({ name, weight }) => `${share(weight)} % ${shortCluster(String(name))}`).join(', ');
}

/** `outbound|9080|v1|reviews.default.svc.cluster.local` ⇒ `reviews.default:9080 v1`. */
export function shortCluster(name: string): string {
  const [direction, port, subset, host] = name.split('|');
  if (direction !== 'outbound' || host === undefined) return name;
  return `${host.replace(/\.svc\.cluster\.local$/, '')}:${port}${subset === '' ? '' : ` ${subset}`}`;
}

function clusterFacts(resource: JsonObject): Facts {
  const inMesh = list(resource, 'transportSocketMatches').some(({ name }) => name === 'tlsMode-istio');
  const own = resource.transportSocket === undefined ? 'plain text' : tlsWords(resource.transportSocket);
  return new Map([['security', inMesh ? 'mTLS to sidecars' : own], ...leavesOf(resource)]);
}

/** envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext, within another socket too. */
function tlsWords(socket: JsonValue): string {
  const inner = at(socket, 'typedConfig', 'transportSocket');
  if (isObject(inner)) return tlsWords(inner as JsonObject);
  const context = at(socket, 'typedConfig');
  const sni = text(context, 'sni');
  const certificates = list(at(context, 'commonTlsContext'), 'tlsCertificateSdsSecretConfigs');
  const validation =
    at(context, 'commonTlsContext', 'combinedValidationContext', 'defaultValidationContext') ??
    at(context, 'commonTlsContext', 'validationContext');
  const names = list(validation, 'matchTypedSubjectAltNames').map((one) => text(one, 'matcher', 'exact'));
  const unverified = at(context, 'commonTlsContext', 'combinedValidationContext') ?? validation;
  return [
    'TLS',
    ...(sni === '' ? [] : [`server name ${sni}`]),
    ...(certificates.length === 0
      ? []
      : [`with the certificate ${certificates.map((one) => text(one, 'name')).join(', ')}`]),
    ...(names.length === 0 ? [] : [`to ${[...new Set(names)].join(' or ')}`]),
    ...(unverified === undefined &&
    at(context, 'commonTlsContext', 'validationContextSdsSecretConfig') === undefined
      ? ['unverified']
      : []),
  ].join(', ');
}

function endpointFacts(resource: JsonObject): Facts {
  const facts = new Map<string, string>();
  for (const group of list(resource, 'endpoints') as JsonObject[]) {
    const { lbEndpoints, ...where } = group;
    for (const endpoint of (lbEndpoints ?? []) as JsonObject[]) {
      const { endpoint: own, ...says } = endpoint;
      const address =
        text(own, 'address', 'socketAddress', 'address') || text(own, 'address', 'pipe', 'path');
      const port = text(own, 'address', 'socketAddress', 'portValue');
      const state = [...leavesOf({ ...where, ...says })].map(([field, value]) => stateWords(field, value));
      facts.set(port === '' ? address : `${address}:${port}`, state.join(', '));
    }
  }
  return facts;
}

/** `loadBalancingWeight 1` ⇒ `weight 1`, `healthStatus healthy` ⇒ `healthy`. */
const stateWords = (field: string, value: string): string =>
  field === 'healthStatus'
    ? value.toLowerCase()
    : `${field.replace(/^loadBalancingWeight$/, 'weight')} ${value}`;
