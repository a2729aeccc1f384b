import { Headers } from '@tulle/decision/headers';
import type { Tables } from '@tulle/decision/tables/tables';
import { describe, expect, it } from 'vitest';
import { metadata } from '../testing/engine.ts';
import * as make from '../testing/tables.ts';
import type { BytesCall, HttpCall } from './call.ts';
import { withLive } from './configured.ts';
import { endpointChances } from './endpoint-chances.ts';
import { Explainer } from './explainer.ts';

const node = { id: 'x', role: 'sidecar', metadata, trustDomain: 'cluster.local', uri: '' } as const;
const explainer = (tables: Tables, role: 'sidecar' | 'router' = 'sidecar') =>
  new Explainer(tables, { ...node, role });
const call = (more: Partial<HttpCall> = {}): HttpCall => ({
  kind: 'http',
  listener: 'in',
  method: 'GET',
  scheme: 'http',
  authority: 'a',
  path: '/',
  headers: new Headers(),
  protocol: 'HTTP/1.1',
  ...more,
});
const bytes = (more: Partial<BytesCall> = {}): BytesCall => ({
  kind: 'tcp',
  host: 'db',
  port: 5432,
  ...more,
});
const served = (routes: Parameters<typeof make.host>[0], more: Parameters<typeof make.tables>[0] = {}) =>
  make.tables({
    listeners: [make.listener('in', [make.httpChain(make.manager(make.routeTable([make.host(routes)])))])],
    clusters: [make.cluster('a', [make.endpoint(1)]), make.cluster('b', [make.endpoint(2)])],
    ...more,
  });

describe('what chance decides', () => {
  it('is told as shares: a fraction of requests, then weights', () => {
    const some = make.route(make.forward({ a: 3, b: 1 }), { name: 'some', match: { fraction: 200_000 } });
    const rest = make.route(make.forward('b'), { name: 'rest' });
    const { outcomes } = explainer(served([some, rest])).decide(call());
    const told = outcomes.map(({ share, info }) => [Number(share.toFixed(3)), info.routeName, info.cluster]);
    expect(told).toEqual([
      [0.8, 'rest', 'b'],
      [0.15, 'some', 'a'],
      [0.05, 'some', 'b'],
    ]);
  });

  it('the endpoint is who the balancer says, as often as it says', () => {
    const weighted = [
      make.endpoint(1, { weight: 3 }),
      make.endpoint(2),
      make.endpoint(3, { health: 'unhealthy' }),
    ];
    for (const kind of ['random', 'round-robin'] as const) {
      const clusters = [make.cluster('a', weighted, { balancer: { kind } as never })];
      const of = explainer(served([make.route(make.forward('a'))], { clusters }));
      const [outcome] = of.decide(call()).outcomes;
      const cluster = of.proxy.context.clusters.get('a');
      if (outcome === undefined || cluster === undefined) throw new Error('no outcome');
      const chances = endpointChances(of.proxy, cluster, outcome).map(({ chance }) => chance);
      expect(chances[2]).toBe(0);
      // The draws fill the square evenly: within a percent of three to one.
      expect(Math.abs((chances[0] ?? 0) - 0.75)).toBeLessThan(0.01);
    }
  });
});

it('one request meets nothing that another has used up', () => {
  const limit = {
    name: 'one',
    enabled: 1_000_000,
    enforced: 1_000_000,
    perConnection: false,
    stage: 0,
    bucket: { maxTokens: 1, tokensPerFill: 1, fillIntervalMs: 1000 },
    alwaysBucket: true,
    descriptors: [],
    maxDynamic: 1,
    rules: [],
    unenforcedHeaders: { set: [], add: [], remove: [] },
    status: 429,
    responseHeaders: { set: [], add: [], remove: [] },
    resourceExhausted: false,
    rateLimitHeaders: false,
    retryAfter: false,
  };
  const typeUrl = 'type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit';
  const table = make.routeTable([make.host([make.route(make.forward('a'))])]);
  const managed = make.manager(table, { filters: [{ name: 'limit', typeUrl, config: limit }] });
  const of = explainer(served([], { listeners: [make.listener('in', [make.httpChain(managed)])] }));
  for (let at = 0; at < 3; at++) expect(of.decide(call()).outcomes[0]?.reply).toBeUndefined();
});

describe('where a call enters', () => {
  const tcp = make.chain({
    kind: 'tcp',
    proxy: {
      statPrefix: '',
      clusters: make.forward({ a: 1, b: 3 }).clusters,
      idleTimeoutMs: 0,
      maxConnectAttempts: 1,
      accessLogs: [],
    },
  });
  it('a declared upstream, by the name that the workload has for it; bytes have shares too', () => {
    const of = explainer(served([], { listeners: [make.listener('outbound_5432_db', [tcp])] }));
    const { entrance, outcomes } = of.decide(bytes());
    expect(entrance.listener.name).toBe('outbound_5432_db');
    expect(outcomes.map(({ share, info }) => [share, info.cluster, info.upstreamHost])).toEqual([
      [0.75, 'b', '127.0.0.1:2'],
      [0.25, 'a', '127.0.0.1:1'],
    ]);
    expect(() => of.decide(bytes({ port: 1 }))).toThrow('nothing listens for db:1');
  });

  it('redirected traffic goes by the addresses that the proxy’s DNS answers', () => {
    const answers = { addresses: ['240.240.0.1'], ttlSeconds: 30 };
    const of = explainer(
      served([], {
        listeners: [
          make.listener('virtualOutbound', [tcp], { originalDestination: 'hand-off', port: 15001 }),
          make.listener('240.240.0.1_5432', [tcp], { address: '240.240.0.1', port: 5432, unbound: true }),
          make.listener('0.0.0.0_80', [tcp], { address: '0.0.0.0', port: 80, unbound: true }),
          make.listener('dns', [], {
            dns: { names: new Map([['db', answers]]), forwardTimeoutMs: 0, maxForwarded: 0 },
          }),
        ],
      }),
    );
    const name = (more: Partial<BytesCall>): string => of.decide(bytes(more)).entrance.listener.name;
    expect(name({})).toBe('240.240.0.1_5432');
    expect(name({ host: '10.0.0.1', port: 80 })).toBe('0.0.0.0_80');
    expect(name({ host: 'elsewhere.test', port: 99 })).toBe('virtualOutbound');
  });

  it('no chain for it: the connection is closed, and each chain says why not', () => {
    const tls = { ...tcp, name: 'tls', match: { ...tcp.match, serverNames: ['other'] } };
    const of = explainer(
      served([], { listeners: [make.listener('in', [tls], { inspectTls: true })] }),
      'router',
    );
    const { chain, ruledOut } = of.decide(bytes({ kind: 'tls', listener: 'in', host: 'mine' }));
    expect(chain).toBeUndefined();
    expect(ruledOut).toMatchObject([{ chain: { name: 'tls' }, step: 'serverNames', matches: false }]);
  });
});

it('endpoints are as the running proxy sees them; names have the addresses that it found', () => {
  const clusters = [
    make.cluster('a', [make.endpoint(1), make.endpoint(2)]),
    make.cluster('b', [], {
      discovery: { kind: 'strict-dns', endpoints: [make.endpoint(3, { address: 'b.test' })] },
    }),
  ];
  const state = (address: string, port: number, failing = '') => ({ address, port, failing, active: 0 });
  const live = new Map([
    ['a', [state('127.0.0.1', 1, 'ejected'), state('127.0.0.1', 2)]],
    ['b', [state('10.0.0.7', 3)]],
  ]);
  const routes = [
    make.route(make.forward('a'), { match: { path: { kind: 'exact', value: '/a', ignoreCase: false } } }),
    make.route(make.forward('b')),
  ];
  const of = explainer(withLive(served(routes, { clusters }), live));
  const host = (path: string) => of.decide(call({ path })).outcomes[0]?.info.upstreamHost;
  expect([host('/a'), host('/')]).toEqual(['127.0.0.1:2', '10.0.0.7:3']);
});

it('endpoints that are checked are taken for healthy: nobody can be asked here', () => {
  const checks = {
    timeoutMs: 500,
    intervals: {
      healthyMs: 1,
      unhealthyEdgeMs: 1,
      unhealthyMs: 1,
      healthyEdgeMs: 1,
      noTrafficMs: 1,
      noTrafficHealthyMs: 1,
      jitterMs: 0,
      jitterPercent: 0,
      initialJitterMs: 0,
    },
    unhealthyThreshold: 2,
    healthyThreshold: 2,
    reuseConnection: true,
    check: { kind: 'tcp', send: [], receive: [] },
  } as const;
  const endpoints = [make.endpoint(1), make.endpoint(2)];
  const clusters = [make.cluster('a', endpoints, { healthCheck: checks as never })];
  const of = explainer(served([make.route(make.forward('a'))], { clusters }));
  const [outcome] = of.decide(call()).outcomes;
  const cluster = of.proxy.context.clusters.get('a');
  if (outcome === undefined || cluster === undefined) throw new Error('no outcome');
  expect(endpointChances(of.proxy, cluster, outcome).map(({ chance }) => chance)).toEqual([0.5, 0.5]);
});

describe('what a client says of itself', () => {
  const said = new Headers();
  said.add('x-envoy-upstream-rq-timeout-ms', '1500');
  said.add('x-envoy-max-retries', '4');

  it('in a sidecar the timeouts and retries that hold are the ones that it asks for', () => {
    const retry = make.retry({ retries: 1, perTryTimeoutMs: 2_000 });
    const of = explainer(served([make.route(make.forward('a', { timeoutMs: 9_000, retry }))]));
    expect(of.decide(call()).routing?.limits).toMatchObject({
      timeoutMs: 9_000,
      tryMs: 2_000,
      retry: { retries: 1 },
    });
    // A try that is no shorter than the whole has no limit of its own.
    expect(of.decide(call({ headers: said })).routing?.limits).toMatchObject({
      timeoutMs: 1_500,
      tryMs: 0,
      retry: { retries: 4 },
    });
  });

  it('the URL says what an HTTP proxy is asked for, and who TLS asks for; the Host field what a server is', () => {
    const chain = make.httpChain(make.manager(make.routeTable([make.host([make.route(make.forward('a'))])])));
    const tables = make.tables({
      listeners: [make.listener('in', [chain]), make.listener('outbound_http_proxy', [chain])],
      clusters: [make.cluster('a', [make.endpoint(1)])],
    });
    const asked = (listener: string) =>
      explainer(tables).decide(call({ listener, authority: 'field', urlAuthority: 'url' })).routing?.asked
        ?.authority;
    expect([asked('in'), asked('outbound_http_proxy')]).toEqual(['field', 'url']);
  });
});
