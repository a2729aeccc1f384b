import {
  ads,
  cluster,
  httpChain,
  listener,
  pack,
  route,
  router,
} from '@tulle/data-plane/config/messages.fixture';
import type { Draft, Messages, protobuf_Any } from '@tulle/xds/wire';
import type { HopResources } from './hop.ts';

type Filter = Draft<Messages['envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter']>;
type Route = Draft<Messages['envoy.config.route.v3.Route']>;
type HeaderOption = Draft<Messages['envoy.config.core.v3.HeaderValueOption']>;

interface Parts {
  readonly filters?: readonly Filter[];
  /** Of the route: all but its match and cluster. */
  readonly route?: Partial<Route>;
  readonly perFilter?: Readonly<Record<string, protobuf_Any>>;
  /** The same of a route before it, for requests of another tenant. */
  readonly tenantOnly?: Readonly<Record<string, protobuf_Any>>;
  /** Of the destination. */
  readonly weighted?: Draft<Messages['envoy.config.route.v3.WeightedCluster.ClusterWeight']>;
  readonly breakers?: Draft<Messages['envoy.config.cluster.v3.CircuitBreakers']>;
}

/** A hop of a listener, a route and a cluster with one endpoint. */
export function hopOf({
  filters = [],
  route: more = {},
  perFilter = {},
  tenantOnly,
  weighted,
  breakers,
}: Parts): HopResources {
  const chain = httpChain({
    statPrefix: 'bench',
    rds: { routeConfigName: 'routes', configSource: ads },
    httpFilters: [...filters, router],
  });
  const action =
    weighted === undefined
      ? { cluster: 'c' }
      : { weightedClusters: { clusters: [{ name: 'c', weight: 1, ...weighted }] } };
  const only: Route = {
    match: { prefix: '/' },
    route: action,
    typedPerFilterConfig: new Map(Object.entries(perFilter)),
    ...more,
  };
  const forTenant: Route = {
    match: { prefix: '/', headers: [{ name: 'x-tenant', stringMatch: { exact: 'red' } }] },
    route: action,
    typedPerFilterConfig: new Map(Object.entries(tenantOnly ?? {})),
  };
  const address = { socketAddress: { address: '127.0.0.1', portValue: 9080 } };
  return {
    listener: listener('bench', [chain]),
    route: route('routes', 'c', {
      virtualHosts: [
        { name: 'all', domains: ['*'], routes: tenantOnly === undefined ? [only] : [forTenant, only] },
      ],
    }),
    cluster: cluster('c', {
      type: 'STATIC',
      loadAssignment: { clusterName: 'c', endpoints: [{ lbEndpoints: [{ endpoint: { address } }] }] },
      ...(breakers === undefined ? {} : { circuitBreakers: breakers }),
    }),
  };
}

const second = { seconds: 1, nanos: 0 };
/** Never empty. */
const tokenBucket = { maxTokens: 1_000_000_000, tokensPerFill: 1_000_000_000, fillInterval: second };
const always = { defaultValue: { numerator: 100, denominator: 'HUNDRED' as const } };

const rateLimitName = 'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit';
const rateLimit = (more: Draft<Messages[typeof rateLimitName]>): Filter => ({
  name: 'limit',
  typedConfig: pack(rateLimitName, {
    statPrefix: 'limit',
    tokenBucket,
    filterEnabled: always,
    filterEnforced: always,
    ...more,
  }),
});

const bandwidth: Filter = {
  name: 'bandwidth',
  typedConfig: pack('envoy.extensions.filters.http.bandwidth_limit.v3.BandwidthLimit', {
    statPrefix: 'bandwidth',
    enableMode: 'REQUEST_AND_RESPONSE',
    limitKbps: 1_000_000_000,
  }),
};

const faultName = 'envoy.extensions.filters.http.fault.v3.HTTPFault';
const fault: Filter = { name: 'fault', typedConfig: pack(faultName, {}) };
const none = { numerator: 0, denominator: 'HUNDRED' as const };
const delay = { fixedDelay: second, percentage: none };
const abort = { httpStatus: 503, percentage: none };

const corsName = 'envoy.extensions.filters.http.cors.v3.Cors';
const cors: Filter = { name: 'cors', typedConfig: pack(corsName, {}) };

const field = (key: string, value: string, appendAction: HeaderOption['appendAction']): HeaderOption => ({
  header: { key, value },
  ...(appendAction === undefined ? {} : { appendAction }),
});
const changes = (value: string) => ({
  requestHeadersToAdd: [
    field('x-set', value, 'OVERWRITE_IF_EXISTS_OR_ADD'),
    field('x-add', value, 'APPEND_IF_EXISTS_OR_ADD'),
  ],
  requestHeadersToRemove: ['x-tenant'],
  responseHeadersToAdd: [field('x-set', value, 'OVERWRITE_IF_EXISTS_OR_ADD')],
  responseHeadersToRemove: ['server'],
});

export interface Case {
  readonly name: string;
  readonly hop: HopResources;
}

/** What is measured, each against a hop that has none of it. */
export const cases = (): readonly Case[] => [
  { name: 'local rate limit', hop: hopOf({ filters: [rateLimit({})] }) },
  {
    name: 'local rate limit, descriptors of a field and the path',
    hop: hopOf({
      filters: [
        rateLimit({
          descriptors: [
            {
              entries: [
                { key: 'tenant', value: 'blue' },
                { key: 'path', value: '/v1/items?page=2' },
              ],
              tokenBucket,
            },
            { entries: [{ key: 'tenant', value: 'red' }], tokenBucket },
          ],
          rateLimits: [
            {
              actions: [
                { requestHeaders: { headerName: 'x-tenant', descriptorKey: 'tenant' } },
                { requestHeaders: { headerName: ':path', descriptorKey: 'path' } },
              ],
            },
          ],
        }),
      ],
    }),
  },
  { name: 'bandwidth limit, a head and two chunks', hop: hopOf({ filters: [bandwidth] }) },
  {
    name: 'concurrency limit (of the cluster)',
    hop: hopOf({
      breakers: { thresholds: [{ maxRequests: 100, maxPendingRequests: 100, maxConnections: 100 }] },
    }),
  },
  { name: 'fault, none at this route', hop: hopOf({ filters: [fault] }) },
  {
    name: 'fault, delay and abort of 0 %',
    hop: hopOf({ filters: [fault], perFilter: { fault: pack(faultName, { delay, abort }) } }),
  },
  {
    name: 'fault of a route for a field that does not match',
    hop: hopOf({ filters: [fault], tenantOnly: { fault: pack(faultName, { abort }) } }),
  },
  {
    name: 'CORS, an allowed origin',
    hop: hopOf({
      filters: [cors],
      perFilter: {
        cors: pack('envoy.extensions.filters.http.cors.v3.CorsPolicy', {
          allowOriginStringMatch: [{ exact: 'https://shop.example.com' }],
          allowMethods: 'GET,POST',
          exposeHeaders: 'x-tenant',
        }),
      },
    }),
  },
  { name: 'fields of a route: set, add, remove, both ways', hop: hopOf({ route: changes('text') }) },
  {
    name: 'the same with two variables in each value',
    hop: hopOf({ route: changes('%REQ(:path)% from %DOWNSTREAM_REMOTE_ADDRESS%') }),
  },
  { name: 'fields of a destination: set, add, remove, both ways', hop: hopOf({ weighted: changes('text') }) },
  {
    name: 'rate limit, fault, CORS and fields together',
    hop: hopOf({
      filters: [cors, fault, rateLimit({})],
      perFilter: { fault: pack(faultName, { delay, abort }) },
      route: changes('text'),
    }),
  },
  { name: 'nothing', hop: hopOf({}) },
];
