import { grpcStatusName } from '@tulle/resources/istio/virtual-service/grpc-status';
import type { JsonObject, JsonValue } from '@tulle/xds/json';
import { isObject, list, text } from '../../api/config-dump.ts';
import { corsWords } from './cors-words.ts';
import { destinationName, shareWords } from './destination-name.ts';
import type { Facts } from './facts.ts';
import { leavesOf } from './leaves.ts';

/** Where a route leads. */
export const destination = 'to';

const grpcAbort = 'aborted with gRPC status';
const retriesOn = 'retries on';

/** What a route does, and what only a route that leads to clusters does. */
export interface RouteFacts {
  readonly facts: Facts;
  readonly forwarding?: Facts;
}

/** envoy.config.route.v3.Route without its match. */
export function routeFacts(of: JsonObject): RouteFacts {
  const { route, directResponse, redirect, typedPerFilterConfig, ...rest } = of;
  const facts = new Map([...leavesOf(rest), ...filterFacts(typedPerFilterConfig)]);
  const aborted = facts.get(grpcAbort);
  if (aborted !== undefined) facts.set(grpcAbort, grpcStatusName(Number(aborted)) || aborted);
  if (isObject(directResponse)) {
    const body =
      text(directResponse, 'body', 'inlineString') || decoded(text(directResponse, 'body', 'inlineBytes'));
    const status = `the proxy's own answer ${String(directResponse.status)}`;
    return { facts: new Map([[destination, body === '' ? status : `${status}: ${body}`], ...facts]) };
  }
  if (isObject(redirect))
    return { facts: new Map([[destination, redirectWords(redirect as JsonObject)], ...facts]) };
  const { cluster, weightedClusters, requestMirrorPolicies, ...policy } = (
    isObject(route) ? route : {}
  ) as JsonObject;
  const to = destinations(cluster, weightedClusters);
  const forwarding = leavesOf(policy);
  const retried = forwarding.get(retriesOn);
  if (retried !== undefined) forwarding.set(retriesOn, retried.replaceAll(',', ', '));
  // Istio's time limit holds for gRPC's own, too.
  if (forwarding.get('maxGrpcTimeout') === forwarding.get('timeout')) forwarding.delete('maxGrpcTimeout');
  return {
    facts: new Map([
      ...(to === '' ? [] : [[destination, to] as const]),
      ...facts,
      ...destinationFacts(weightedClusters),
      ...mirrorFacts(requestMirrorPolicies),
    ]),
    forwarding,
  };
}

const decoded = (base64: string): string => Buffer.from(base64, 'base64').toString();

/** Where bytes or requests go. */
export function destinations(cluster: JsonValue | undefined, weighted: JsonValue | undefined): string {
  if (typeof cluster === 'string' && cluster !== '') return destinationName(cluster);
  const clusters = list(weighted, 'clusters');
  return shareWords(
    clusters.map(({ name, weight }) => ({ name: String(name), weight: Number(weight ?? 0) })),
  );
}

/** What is done for one of several destinations alone. */
function destinationFacts(weighted: JsonValue | undefined): (readonly [string, string])[] {
  const clusters = list(weighted, 'clusters') as JsonObject[];
  return clusters.flatMap(({ name, weight: _, ...own }) =>
    [...leavesOf(own)].map(
      ([fact, value]) => [`to ${destinationName(String(name))}: ${fact}`, value] as const,
    ),
  );
}

function mirrorFacts(policies: JsonValue | undefined): (readonly [string, string])[] {
  return (list({ policies }, 'policies') as JsonObject[]).flatMap(({ cluster, ...own }) => {
    const { runtimeFraction, ...more } = own;
    const share = leavesOf({
      share: isObject(runtimeFraction) ? (runtimeFraction.defaultValue as JsonValue) : {},
    });
    return [
      [`mirrored to ${destinationName(String(cluster))}`, share.get('share') ?? '100 %'] as const,
      ...leavesOf(more),
    ];
  });
}

/** What filters do for this route: by the names of their resources where they have one. */
function filterFacts(configs: JsonValue | undefined): Facts {
  const { 'envoy.filters.http.cors': cors, ...others } = (isObject(configs) ? configs : {}) as JsonObject;
  const limits = Object.entries(others).filter(([name]) => name.startsWith('tulle.'));
  const rest = Object.fromEntries(Object.entries(others).filter(([name]) => !name.startsWith('tulle.')));
  return new Map([
    ...leavesOf({
      ...(Object.keys(rest).length > 0 && { typedPerFilterConfig: rest }),
      limits: limits.map(([name, typedConfig]) => ({ name, typedConfig })),
    }),
    ...(isObject(cors) ? corsWords(cors as JsonObject) : []),
  ]);
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
    hostRedirect === '' && (scheme !== '' || portRedirect !== 0) ? 'the same host' : hostRedirect,
    portRedirect === 0 ? '' : `:${portRedirect}`,
    pathRedirect ?? prefixRewrite ?? '',
  ].join('');
  const rest = [...leavesOf(more)].map(([fact, value]) => `, ${fact} ${value}`).join('');
  return `a redirect (${redirectStatus[String(responseCode)] ?? 301}) to ${target || 'the same URL'}${rest}`;
}
