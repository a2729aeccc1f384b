import type { RouteTable } from '@tulle/decision/tables/route';
import { type Draft, encode, type Messages } from '@tulle/xds/wire';
import { describe, expect, test } from 'vitest';
import { pack } from '../../messages.fixture.ts';
import { filterReaders } from '../filters/filter-readers.ts';
import { translateResource } from '../resource.ts';

type Route = Draft<Messages['envoy.config.route.v3.Route']>;
type Configuration = Draft<Messages['envoy.config.route.v3.RouteConfiguration']>;
const name = 'envoy.config.route.v3.RouteConfiguration';

function table(configuration: Configuration): RouteTable {
  const result = translateResource(
    'route',
    'r',
    encode(name, { name: 'r', ...configuration }),
    filterReaders,
  );
  if (!result.ok) throw new Error(result.reason);
  return result.value;
}

function reason(configuration: Configuration): string {
  const result = translateResource(
    'route',
    'r',
    encode(name, { name: 'r', ...configuration }),
    filterReaders,
  );
  return result.ok ? '' : result.reason;
}

const withRoute = (route: Route): Configuration => ({
  virtualHosts: [{ name: 'v', domains: ['*'], routes: [{ match: { prefix: '/' }, ...route }] }],
});
const forward = (route: Draft<Messages['envoy.config.route.v3.RouteAction']>): Configuration =>
  withRoute({ route: { cluster: 'c', ...route } });
const firstRoute = (configuration: Configuration) => {
  const route = table(configuration).virtualHosts[0]?.routes[0];
  if (route === undefined) throw new Error('no route');
  return route;
};
const action = (configuration: Configuration) => {
  const { action } = firstRoute(configuration);
  if (action.kind !== 'forward') throw new Error(action.kind);
  return action;
};
const seconds = (value: number) => ({ seconds: value, nanos: 0 });

describe('a forwarding route', () => {
  test('has Envoy’s defaults', () => {
    expect(action(forward({}))).toMatchObject({
      totalWeight: 1,
      timeoutMs: 15_000,
      mirrors: [],
      priority: 'default',
      clusterNotFoundStatus: 503,
    });
  });

  test('weights, rewrites, time limits, mirrors, upgrades, hash', () => {
    const translated = action(
      withRoute({
        route: {
          weightedClusters: {
            clusters: [
              { name: 'a', weight: 75 },
              { name: 'b', weight: 25, requestHeadersToRemove: ['X-Old'] },
              { name: 'none', weight: 0 },
            ],
          },
          prefixRewrite: '/new',
          hostRewriteLiteral: 'other',
          timeout: seconds(0),
          idleTimeout: { seconds: 1, nanos: 500_000_000 },
          requestMirrorPolicies: [
            { cluster: 'm', runtimeFraction: { defaultValue: { numerator: 5, denominator: 'HUNDRED' } } },
          ],
          upgradeConfigs: [{ upgradeType: 'WebSocket' }, { upgradeType: 'x', enabled: false }],
          hashPolicy: [
            { header: { headerName: 'X-User' }, terminal: true },
            { cookie: { name: 'c', ttl: seconds(1), path: '/' } },
            { connectionProperties: { sourceIp: true } },
          ],
          priority: 'HIGH',
          clusterNotFoundResponseCode: 'NOT_FOUND',
        },
      }),
    );
    expect(translated).toMatchObject({
      totalWeight: 100,
      path: { kind: 'prefix', value: '/new' },
      host: { kind: 'literal', value: 'other' },
      timeoutMs: 0,
      idleTimeoutMs: 1500,
      mirrors: [{ cluster: 'm', fraction: 50_000 }],
      upgrades: ['websocket'],
      hashPolicy: [
        { kind: 'header', name: 'x-user', terminal: true },
        { kind: 'cookie', name: 'c', ttlMs: 1000, path: '/', terminal: false },
        { kind: 'source-ip', name: '', terminal: false },
      ],
      priority: 'high',
      clusterNotFoundStatus: 404,
    });
    expect(translated.clusters.map(({ name, weight }) => [name, weight])).toEqual([
      ['a', 75],
      ['b', 25],
      ['none', 0],
    ]);
    expect(translated.clusters[1]?.requestHeaders.remove).toEqual(['x-old']);
  });

  test('a regex rewrite is compiled', () => {
    const { path } = action(
      forward({ regexRewrite: { pattern: { regex: '^/a/(.*)$' }, substitution: '/b/\\1' } }),
    );
    expect(path?.kind === 'regex' && path.replace('/a/x')).toBe('/b/x');
  });

  test('retries: Istio’s default policy, and Envoy’s defaults for what is left out', () => {
    const { retry } = action(
      forward({
        retryPolicy: {
          retryOn: 'connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes',
          numRetries: 2,
          retriableStatusCodes: [503],
          retryHostPredicate: [
            {
              name: 'previous',
              typedConfig: {
                typeUrl:
                  'type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
                value: new Uint8Array(),
              },
            },
          ],
          hostSelectionRetryMaxAttempts: 5,
        },
      }),
    );
    expect(retry).toEqual({
      retries: 2,
      on: new Set([
        'connect-failure',
        'refused-stream',
        'unavailable',
        'cancelled',
        'retriable-status-codes',
      ]),
      statuses: new Set([503]),
      perTryTimeoutMs: 0,
      backoffBaseMs: 25,
      backoffMaxMs: 250,
      avoidPreviousHosts: true,
      hostSelectionAttempts: 5,
    });
    expect(
      action(forward({ retryPolicy: { retryOn: '5xx', retryBackOff: { baseInterval: seconds(1) } } })).retry,
    ).toMatchObject({ retries: 1, backoffBaseMs: 1000, backoffMaxMs: 10_000, avoidPreviousHosts: false });
  });
});

test('redirects and direct answers', () => {
  expect(
    firstRoute(
      withRoute({
        redirect: {
          httpsRedirect: true,
          portRedirect: 8443,
          responseCode: 'PERMANENT_REDIRECT',
          stripQuery: true,
          pathRedirect: '/x',
        },
      }),
    ).action,
  ).toEqual({
    kind: 'redirect',
    status: 308,
    scheme: 'https',
    port: 8443,
    path: { kind: 'full', value: '/x' },
    stripQuery: true,
  });
  expect(
    firstRoute(withRoute({ directResponse: { status: 418, body: { inlineString: 'tea' } } })).action,
  ).toEqual({ kind: 'direct', status: 418, body: 'tea' });
});

describe('matches', () => {
  const match = (of: Draft<Messages['envoy.config.route.v3.RouteMatch']>) =>
    firstRoute({
      virtualHosts: [{ name: 'v', domains: ['*'], routes: [{ match: of, route: { cluster: 'c' } }] }],
    }).match;

  test.each([
    [
      { prefix: '/a', caseSensitive: false },
      { kind: 'prefix', value: '/a', ignoreCase: true },
    ],
    [{ path: '/a' }, { kind: 'exact', value: '/a', ignoreCase: false }],
    [{ pathSeparatedPrefix: '/a' }, { kind: 'path-separated-prefix', value: '/a', ignoreCase: false }],
    [{ connectMatcher: {} }, { kind: 'connect' }],
  ] as const)('%j', (of, expected) => expect(match(of).path).toEqual(expected));

  test('a regex is of the whole path', () => {
    const { path } = match({ safeRegex: { regex: '/v[12]' } });
    expect(path.kind === 'regex' && [path.test('/v1'), path.test('/v1/x'), path.test('x/v1')]).toEqual([
      true,
      false,
      false,
    ]);
  });

  test.each<[Draft<Messages['envoy.config.route.v3.HeaderMatcher']>, string[], string[]]>([
    [{ name: 'h', exactMatch: 'a' }, ['a'], ['b']],
    [{ name: 'h', prefixMatch: 'a' }, ['ab'], ['ba']],
    [{ name: 'h', suffixMatch: 'a' }, ['ba'], ['ab']],
    [{ name: 'h', containsMatch: 'a' }, ['bab'], ['b']],
    [{ name: 'h', safeRegexMatch: { regex: 'a+' } }, ['aa'], ['ab']],
    [{ name: 'h', rangeMatch: { start: -1, end: 3 } }, ['-1', '2'], ['3', 'x', '1.5', '']],
    [{ name: 'h', stringMatch: { exact: 'A', ignoreCase: true } }, ['a'], ['b']],
  ])('header %j', (of, yes, no) => {
    const { test: header } = match({ prefix: '/', headers: [of] }).headers[0] ?? {};
    if (header?.kind !== 'value') throw new Error('no value test');
    expect([yes.filter((value) => !header.test(value)), no.filter((value) => header.test(value))]).toEqual([
      [],
      [],
    ]);
  });

  test('presence, inversion, names; queries; fractions', () => {
    const { headers, query, fraction } = match({
      prefix: '/',
      headers: [
        { name: 'X-A' },
        { name: 'x', presentMatch: false, invertMatch: true },
        { name: 'Host', exactMatch: 'a', treatMissingHeaderAsEmpty: true },
      ],
      queryParameters: [{ name: 'Q' }, { name: 'q', stringMatch: { prefix: 'a' } }],
      runtimeFraction: { defaultValue: { numerator: 1, denominator: 'TEN_THOUSAND' } },
    });
    expect(headers.slice(0, 2)).toEqual([
      { name: 'x-a', invert: false, treatMissingAsEmpty: false, test: { kind: 'present', present: true } },
      { name: 'x', invert: true, treatMissingAsEmpty: false, test: { kind: 'present', present: false } },
    ]);
    expect(headers[2]).toMatchObject({ name: ':authority', treatMissingAsEmpty: true });
    expect(query[0]).toEqual({ name: 'Q' });
    expect(query[1]?.test?.('ab')).toBe(true);
    expect(fraction).toBe(100);
  });
});

test('virtual hosts: domains in lower case, retries, attempt counts, plain text sent to https, filters’ own configuration', () => {
  const stats = pack('xds.type.v3.TypedStruct', {
    typeUrl: 'type.googleapis.com/stats.PluginConfig',
    value: { off: true },
  });
  const { virtualHosts } = table({
    virtualHosts: [
      {
        name: 'v',
        domains: ['Example.COM', '*.example.com', 'www.*'],
        includeRequestAttemptCount: true,
        retryPolicy: { retryOn: 'reset' },
        requireTls: 'ALL',
        typedPerFilterConfig: new Map([['istio.stats', stats]]),
        routes: [{ match: { prefix: '/' }, route: { cluster: 'c' } }],
      },
    ],
  });
  expect(virtualHosts[0]).toMatchObject({
    domains: ['example.com', '*.example.com', 'www.*'],
    includeAttemptCount: true,
    retry: { retries: 1 },
  });
  const [https, own] = virtualHosts[0]?.routes ?? [];
  expect(https?.action).toMatchObject({ kind: 'redirect', scheme: 'https', status: 301 });
  expect(https?.match.headers[0]?.name).toBe(':scheme');
  expect({ ...(own?.perFilter.get('istio.stats') as object) }).toEqual({ off: true });
});

test('header mutations: set, add, remove, substitutions; empty values are left out unless kept', () => {
  const { requestHeaders, responseHeaders } = firstRoute({
    virtualHosts: [
      {
        name: 'v',
        domains: ['*'],
        routes: [
          {
            match: { prefix: '/' },
            route: { cluster: 'c' },
            requestHeadersToAdd: [
              { header: { key: 'X-Set', value: '%REQ(x-a)%' }, appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD' },
              { header: { key: 'x-old-way', value: '1' }, append: false },
              { header: { key: 'x-add', value: '2' } },
              { header: { key: 'x-empty', value: '' } },
              { header: { key: 'x-kept', value: '' }, keepEmptyValue: true },
            ],
            responseHeadersToRemove: ['Server'],
          },
        ],
      },
    ],
  });
  expect(requestHeaders.set.map(({ name, value, render }) => [name, value, render !== undefined])).toEqual([
    ['x-set', '%REQ(x-a)%', true],
    ['x-old-way', '1', false],
  ]);
  expect(requestHeaders.add.map(({ name }) => name)).toEqual(['x-add', 'x-kept']);
  expect(responseHeaders.remove).toEqual(['server']);
});

describe('what is refused, and where', () => {
  const at = 'virtual_hosts[0].routes[0]';
  const host = (of: Draft<Messages['envoy.config.route.v3.VirtualHost']>): Configuration => ({
    virtualHosts: [{ name: 'v', domains: ['*'], ...of }],
  });
  test.each<[Configuration, string]>([
    [{ name: 'other' }, 'name: is "other"'],
    [host({ domains: [] }), 'virtual_hosts[0].domains: must not be empty'],
    [host({ domains: ['a', 'A'] }), 'virtual_hosts[0].domains[1]: "a" is taken by virtual host v too'],
    [host({ domains: ['a*b'] }), 'virtual_hosts[0].domains[0]: "a*b" is no domain'],
    [host({ requireTls: 'EXTERNAL_ONLY' }), 'virtual_hosts[0].require_tls: EXTERNAL_ONLY is not supported'],
    [{ mostSpecificHeaderMutationsWins: true }, 'most_specific_header_mutations_wins: is not supported'],
    [withRoute({}), `${at}: must have an action`],
    [withRoute({ match: {}, route: { cluster: 'c' } }), `${at}.match: must say which paths match`],
    [
      withRoute({ match: { safeRegex: { regex: '(a' } }, route: { cluster: 'c' } }),
      `${at}.match.safe_regex: `,
    ],
    [
      withRoute({ match: { safeRegex: { regex: '(?=a)' } }, route: { cluster: 'c' } }),
      `${at}.match.safe_regex: `,
    ],
    [
      withRoute({ match: { pathSeparatedPrefix: '/a/' }, route: { cluster: 'c' } }),
      `${at}.match.path_separated_prefix: must begin with / and not end with it`,
    ],
    [
      withRoute({ match: { prefix: '/', headers: [{ name: '' }] }, route: { cluster: 'c' } }),
      `${at}.match.headers[0].name: must not be empty`,
    ],
    [
      withRoute({
        match: { prefix: '/', headers: [{ name: 'a', stringMatch: {} }] },
        route: { cluster: 'c' },
      }),
      `${at}.match.headers[0].string_match: must say what to match`,
    ],
    [
      withRoute({
        match: { prefix: '/', queryParameters: [{ name: 'a', presentMatch: false }] },
        route: { cluster: 'c' },
      }),
      `${at}.match.query_parameters[0].present_match: false is not supported`,
    ],
    [withRoute({ route: {} }), `${at}.route.cluster: must name a cluster`],
    [
      withRoute({ route: { weightedClusters: { clusters: [{ name: 'a', weight: 0 }] } } }),
      `${at}.route.weighted_clusters: weights must not all be 0`,
    ],
    [forward({ timeout: seconds(-1) }), `${at}.route.timeout: must not be negative`],
    [
      forward({ maxStreamDuration: { maxStreamDuration: seconds(1) } }),
      `${at}.route.max_stream_duration.max_stream_duration: is not supported`,
    ],
    [
      forward({ regexRewrite: { pattern: { regex: 'a' }, substitution: '\\2' } }),
      `${at}.route.regex_rewrite: the substitution uses group 2`,
    ],
    [forward({ hashPolicy: [{}] }), `${at}.route.hash_policy[0]: must say what to hash`],
    [
      forward({ retryPolicy: { retryOn: '5xx,always' } }),
      `${at}.route.retry_policy.retry_on: "always" is not supported`,
    ],
    [
      forward({ retryPolicy: { retryHostPredicate: [{ name: 'canary' }] } }),
      `${at}.route.retry_policy.retry_host_predicate[0]: canary is not supported`,
    ],
    [withRoute({ directResponse: { status: 99 } }), `${at}.direct_response.status: 99 is out of range`],
    [
      withRoute({ directResponse: { status: 200, body: {} } }),
      `${at}.direct_response.body: must be given inline`,
    ],
    [
      withRoute({ route: { cluster: 'c' }, requestHeadersToAdd: [{ header: { key: 'host', value: 'x' } }] }),
      `${at}.request_headers_to_add[0].header.key: host is changed by a host rewrite`,
    ],
    [
      withRoute({ route: { cluster: 'c' }, requestHeadersToAdd: [{ header: { key: ':path', value: 'x' } }] }),
      `${at}.request_headers_to_add[0].header.key: ":path" is no header name`,
    ],
    [
      withRoute({
        route: { cluster: 'c' },
        requestHeadersToAdd: [{ header: { key: 'a', value: 'x\r\ny: z' } }],
      }),
      `${at}.request_headers_to_add[0].header.value: must not hold line breaks or NUL`,
    ],
    [
      withRoute({
        route: { cluster: 'c' },
        requestHeadersToAdd: [{ header: { key: 'a', value: '100%' } }],
      }),
      `${at}.request_headers_to_add[0].header.value: unmatched % in "100%"`,
    ],
    [
      withRoute({
        route: { cluster: 'c' },
        responseHeadersToAdd: [{ header: { key: 'a', value: 'b' }, appendAction: 'ADD_IF_ABSENT' }],
      }),
      `${at}.response_headers_to_add[0].append_action: ADD_IF_ABSENT is not supported`,
    ],
    [
      withRoute({
        route: { cluster: 'c' },
        typedPerFilterConfig: new Map([['f', { typeUrl: 'x/a.B', value: new Uint8Array() }]]),
      }),
      `${at}.typed_per_filter_config[f]: HTTP filter a.B is not supported`,
    ],
  ])('%#: %j', (configuration, expected) => expect(reason(configuration)).toContain(expected));

  test('every problem is told, not only the first', () => {
    expect(
      reason({ virtualHosts: [{ name: 'v', domains: [], routes: [{ match: {} }] }] }).split(', '),
    ).toHaveLength(3);
  });
});
