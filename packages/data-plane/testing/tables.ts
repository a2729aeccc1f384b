import type { EdgeRules } from '@tulle/decision/edge-rules';
import type { Cluster } from '@tulle/decision/tables/cluster';
import type { Endpoint } from '@tulle/decision/tables/endpoint';
import type { HttpManager } from '@tulle/decision/tables/http-manager';
import type { FilterChain, Listener } from '@tulle/decision/tables/listener';
import type { RetryPolicy } from '@tulle/decision/tables/retry-policy';
import type { Route, RouteTable, VirtualHost } from '@tulle/decision/tables/route';
import type { ForwardAction } from '@tulle/decision/tables/route-action';
import type { Tables } from '@tulle/decision/tables/tables';

const none = { set: [], add: [], remove: [] } as const;
const limits = { connections: 1024, pending: 1024, requests: 1024, retries: 1024 };

export function endpoint(port: number, more: Partial<Endpoint> = {}): Endpoint {
  return {
    address: '127.0.0.1',
    port,
    weight: 1,
    priority: 0,
    locality: '',
    localityWeight: 0,
    health: 'healthy',
    transport: {},
    ...more,
  };
}

export function cluster(name: string, endpoints: readonly Endpoint[], more: Partial<Cluster> = {}): Cluster {
  return {
    name,
    statName: name,
    discovery: { kind: 'static', endpoints },
    balancer: { kind: 'round-robin' },
    connectTimeoutMs: 60_000,
    tlsMatches: [],
    protocol: 'http1',
    idleTimeoutMs: 60_000,
    maxRequestsPerConnection: 0,
    maxConnectionDurationMs: 0,
    preconnectRatio: 1,
    http2: {},
    breakers: { default: limits, high: limits },
    panicThresholdPercent: 0,
    localityWeighted: false,
    ...more,
  };
}

export function retry(more: Partial<RetryPolicy> = {}): RetryPolicy {
  return {
    retries: 2,
    on: new Set(['5xx', 'reset', 'connect-failure']),
    statuses: new Set(),
    perTryTimeoutMs: 0,
    backoffBaseMs: 1,
    backoffMaxMs: 10,
    avoidPreviousHosts: true,
    hostSelectionAttempts: 5,
    ...more,
  };
}

export function forward(
  clusters: string | Readonly<Record<string, number>>,
  more: Partial<ForwardAction> = {},
): ForwardAction {
  const weights = typeof clusters === 'string' ? { [clusters]: 1 } : clusters;
  return {
    kind: 'forward',
    clusters: Object.entries(weights).map(([name, weight]) => ({
      name,
      weight,
      requestHeaders: none,
      responseHeaders: none,
    })),
    totalWeight: Object.values(weights).reduce((sum, weight) => sum + weight, 0),
    appendForwardedHost: false,
    timeoutMs: 0,
    mirrors: [],
    upgrades: [],
    hashPolicy: [],
    priority: 'default',
    clusterNotFoundStatus: 503,
    ...more,
  };
}

export function route(
  action: Route['action'],
  more: Partial<Omit<Route, 'match'>> & { match?: Partial<Route['match']> } = {},
): Route {
  return {
    name: 'route',
    requestHeaders: none,
    responseHeaders: none,
    perFilter: new Map(),
    ...more,
    action,
    match: { path: { kind: 'prefix', value: '/', ignoreCase: false }, headers: [], query: [], ...more.match },
  };
}

export function host(routes: readonly Route[], more: Partial<VirtualHost> = {}): VirtualHost {
  return {
    name: 'host',
    domains: ['*'],
    routes,
    requestHeaders: none,
    responseHeaders: none,
    includeAttemptCount: false,
    includeAttemptCountInResponse: false,
    ...more,
  };
}

export function routeTable(virtualHosts: readonly VirtualHost[], more: Partial<RouteTable> = {}): RouteTable {
  return { name: 'table', virtualHosts, requestHeaders: none, responseHeaders: none, ...more };
}

export function edgeRules(more: Partial<EdgeRules> = {}): EdgeRules {
  return {
    client: {
      useRemoteAddress: false,
      trustedHops: 0,
      appendForwardedFor: true,
      appendForwardedPort: false,
      internalRanges: [],
    },
    requestId: { generate: true, preserveExternal: false, inResponse: false },
    path: { normalize: true, mergeSlashes: false, escapedSlashes: 'keep' },
    host: { stripPort: 'never', stripTrailingDot: false },
    clientCertificate: { mode: 'sanitize', details: [] },
    server: { name: 'tulle', when: 'always' },
    underscores: 'allow',
    maxFields: 100,
    ...more,
  };
}

export function manager(routes: RouteTable | string, more: Partial<HttpManager> = {}): HttpManager {
  return {
    statPrefix: 'test',
    codec: 'auto',
    routes: typeof routes === 'string' ? { kind: 'rds', name: routes } : { kind: 'inline', table: routes },
    filters: [],
    accessLogs: [],
    edge: edgeRules(),
    upgrades: [],
    idleTimeoutMs: 60_000,
    streamIdleTimeoutMs: 60_000,
    requestHeadersTimeoutMs: 10_000,
    requestTimeoutMs: 0,
    maxRequestHeadersBytes: 60 * 1024,
    maxRequestsPerConnection: 0,
    maxConnectionDurationMs: 0,
    http2: {},
    ...more,
  };
}

export function chain(filter: FilterChain['filter'], more: Partial<FilterChain> = {}): FilterChain {
  return {
    name: 'chain',
    match: { serverNames: [], transportProtocol: '', applicationProtocols: [] },
    ...more,
    filter,
  };
}

export const httpChain = (managed: HttpManager, more: Partial<FilterChain> = {}): FilterChain =>
  chain({ kind: 'http', manager: managed }, more);

export function listener(
  name: string,
  filterChains: readonly FilterChain[],
  more: Partial<Listener> = {},
): Listener {
  return {
    name,
    address: '127.0.0.1',
    port: 0,
    direction: 'outbound',
    inspectTimeoutMs: 60_000,
    continueOnInspectTimeout: true,
    inspectTls: false,
    inspectHttp: false,
    filterChains,
    ...more,
  };
}

let epoch = 0;

export function tables(parts: {
  readonly listeners?: readonly Listener[];
  readonly clusters?: readonly Cluster[];
  readonly routes?: readonly RouteTable[];
  readonly endpoints?: Readonly<Record<string, readonly Endpoint[]>>;
  readonly secrets?: Tables['secrets'];
}): Tables {
  return {
    epoch: ++epoch,
    listeners: new Map((parts.listeners ?? []).map((each) => [each.name, each])),
    clusters: new Map((parts.clusters ?? []).map((each) => [each.name, each])),
    routes: new Map((parts.routes ?? []).map((each) => [each.name, each])),
    endpoints: new Map(Object.entries(parts.endpoints ?? {})),
    workloads: new Map(),
    secrets: parts.secrets ?? new Map(),
  };
}
