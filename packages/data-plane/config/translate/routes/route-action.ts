import { compileReplace } from '@tulle/decision/regex';
import type {
  ForwardAction,
  HashPolicy,
  PathRewrite,
  RouteAction,
  WeightedCluster,
} from '@tulle/decision/tables/route-action';
import type {
  matcher_RegexMatchAndSubstitute,
  route_RedirectAction,
  route_Route,
  route_RouteAction,
  route_RouteAction_HashPolicy,
} from '@tulle/xds/wire';
import { inline } from '../tls/secret.ts';
import { milliseconds } from '../values/duration.ts';
import { millionths } from '../values/fraction.ts';
import { noMutations, translateMutations } from '../values/header-mutation.ts';
import { join, type Problems } from '../values/problems.ts';
import { translateDescriptorRules } from './rate-limit-rule.ts';
import { translateRetry } from './retry.ts';

/** Envoy's default; Istio always sends one. */
const defaultTimeoutMs = 15_000;

/** What an envoy.config.route.v3.Route does. */
export function translateAction(route: route_Route, path: string, problems: Problems): RouteAction {
  if (route.route !== undefined) return translateForward(route.route, `${path}.route`, problems);
  if (route.redirect !== undefined) return translateRedirect(route.redirect, `${path}.redirect`, problems);
  const direct = route.directResponse;
  if (direct === undefined) problems.add(path, 'must have an action');
  const status = direct?.status ?? 500;
  if (status < 200 || status > 599)
    problems.add(`${path}.direct_response.status`, `${status} is out of range`);
  const body =
    direct?.body === undefined
      ? ''
      : (direct.body.inlineBytes ?? inline(direct.body, `${path}.direct_response.body`, problems));
  return { kind: 'direct', status, body };
}

const notFound = { SERVICE_UNAVAILABLE: 503, NOT_FOUND: 404, INTERNAL_SERVER_ERROR: 500 } as const;

function translateForward(action: route_RouteAction, path: string, problems: Problems): ForwardAction {
  const clusters = translateClusters(action, path, problems);
  const rewrite = translateRewrite(action.prefixRewrite, action.regexRewrite, path, problems);
  const host = translateHost(action);
  const { idleTimeout, maxGrpcTimeout, retryPolicy } = action;
  if (
    milliseconds(action.maxStreamDuration?.maxStreamDuration, 0, `${path}.max_stream_duration`, problems) > 0
  ) {
    problems.add(`${path}.max_stream_duration.max_stream_duration`, 'is not supported');
  }
  return {
    kind: 'forward',
    clusters,
    totalWeight: clusters.reduce((sum, { weight }) => sum + weight, 0),
    ...(rewrite === undefined ? {} : { path: rewrite }),
    ...(host === undefined ? {} : { host }),
    appendForwardedHost: action.appendXForwardedHost,
    timeoutMs: milliseconds(action.timeout, defaultTimeoutMs, `${path}.timeout`, problems),
    ...(maxGrpcTimeout === undefined
      ? {}
      : { maxGrpcTimeoutMs: milliseconds(maxGrpcTimeout, 0, `${path}.max_grpc_timeout`, problems) }),
    ...(idleTimeout === undefined
      ? {}
      : { idleTimeoutMs: milliseconds(idleTimeout, 0, `${path}.idle_timeout`, problems) }),
    ...(retryPolicy === undefined
      ? {}
      : { retry: translateRetry(retryPolicy, `${path}.retry_policy`, problems) }),
    ...(action.hedgePolicy?.hedgeOnPerTryTimeout === true ? { hedge: true } : {}),
    mirrors: action.requestMirrorPolicies.map(({ cluster, runtimeFraction }) => ({
      cluster,
      fraction: runtimeFraction === undefined ? 1_000_000 : millionths(runtimeFraction),
    })),
    upgrades: action.upgradeConfigs
      .filter(({ enabled }) => enabled !== false)
      .map(({ upgradeType }) => upgradeType.toLowerCase()),
    hashPolicy: action.hashPolicy.flatMap(
      (policy, i) => translateHash(policy, `${path}.hash_policy[${i}]`, problems) ?? [],
    ),
    ...(action.rateLimits.length === 0
      ? {}
      : { rateLimits: translateDescriptorRules(action.rateLimits, `${path}.rate_limits`, problems) }),
    priority: action.priority === 'HIGH' ? 'high' : 'default',
    clusterNotFoundStatus: notFound[action.clusterNotFoundResponseCode],
  };
}

function translateHost(action: route_RouteAction): ForwardAction['host'] {
  if (action.hostRewriteLiteral !== undefined) return { kind: 'literal', value: action.hostRewriteLiteral };
  return action.autoHostRewrite === true ? { kind: 'auto' } : undefined;
}

function translateClusters(
  action: route_RouteAction,
  path: string,
  problems: Problems,
): readonly WeightedCluster[] {
  const weighted = action.weightedClusters;
  if (weighted === undefined) {
    if (!action.cluster) problems.add(join(path, 'cluster'), 'must name a cluster');
    return [{ name: action.cluster ?? '', weight: 1, ...noMutations }];
  }
  const clusters = weighted.clusters.map((cluster, i): WeightedCluster => {
    const at = `${path}.weighted_clusters.clusters[${i}]`;
    if (cluster.name === '') problems.add(`${at}.name`, 'must not be empty');
    return { name: cluster.name, weight: cluster.weight ?? 0, ...translateMutations(cluster, at, problems) };
  });
  if (!clusters.some(({ weight }) => weight > 0))
    problems.add(`${path}.weighted_clusters`, 'weights must not all be 0');
  return clusters;
}

function translateRewrite(
  prefix: string,
  regex: matcher_RegexMatchAndSubstitute | undefined,
  path: string,
  problems: Problems,
): PathRewrite | undefined {
  if (regex !== undefined) {
    const replace = problems.attempt(join(path, 'regex_rewrite'), () =>
      compileReplace(regex.pattern?.regex ?? '', regex.substitution),
    );
    return replace === undefined ? undefined : { kind: 'regex', replace };
  }
  return prefix === '' ? undefined : { kind: 'prefix', value: prefix };
}

const redirectStatus = {
  MOVED_PERMANENTLY: 301,
  FOUND: 302,
  SEE_OTHER: 303,
  TEMPORARY_REDIRECT: 307,
  PERMANENT_REDIRECT: 308,
} as const;

function translateRedirect(action: route_RedirectAction, path: string, problems: Problems): RouteAction {
  const scheme = action.schemeRedirect ?? (action.httpsRedirect === true ? 'https' : undefined);
  const rewrite: PathRewrite | undefined =
    action.pathRedirect === undefined
      ? translateRewrite(action.prefixRewrite ?? '', action.regexRewrite, path, problems)
      : { kind: 'full', value: action.pathRedirect };
  return {
    kind: 'redirect',
    status: redirectStatus[action.responseCode],
    ...(scheme === undefined ? {} : { scheme }),
    ...(action.hostRedirect === '' ? {} : { host: action.hostRedirect }),
    ...(action.portRedirect === 0 ? {} : { port: action.portRedirect }),
    ...(rewrite === undefined ? {} : { path: rewrite }),
    stripQuery: action.stripQuery,
  };
}

function translateHash(
  policy: route_RouteAction_HashPolicy,
  path: string,
  problems: Problems,
): HashPolicy | undefined {
  const { header, cookie, connectionProperties, queryParameter, terminal } = policy;
  if (header !== undefined) return { kind: 'header', name: header.headerName.toLowerCase(), terminal };
  if (queryParameter !== undefined) return { kind: 'query', name: queryParameter.name, terminal };
  if (connectionProperties?.sourceIp === true) return { kind: 'source-ip', name: '', terminal };
  if (cookie === undefined) {
    problems.add(path, 'must say what to hash');
    return undefined;
  }
  const ttlMs = milliseconds(cookie.ttl, undefined, `${path}.cookie.ttl`, problems);
  return {
    kind: 'cookie',
    name: cookie.name,
    ...(ttlMs === undefined ? {} : { ttlMs }),
    ...(cookie.path === '' ? {} : { path: cookie.path }),
    ...(cookie.attributes.length === 0 ? {} : { attributes: cookie.attributes }),
    terminal,
  };
}
