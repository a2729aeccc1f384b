import { describe, expect, it } from 'vitest';
import { Headers } from './headers.ts';
import { headerMatches, pickCluster, RouteMatcher, type RouteTrace } from './match.ts';
import type { RoutedRequest } from './routed-request.ts';
import { compileStringMatcher } from './string-match.ts';
import type { HeaderMatch, Route, RouteMatch, RouteTable, VirtualHost } from './tables/route.ts';

const none = { set: [], add: [], remove: [] };

function route(name: string, match: Partial<RouteMatch>): Route {
  return {
    name,
    match: { path: { kind: 'prefix', value: '/', ignoreCase: false }, headers: [], query: [], ...match },
    action: { kind: 'direct', status: 200, body: '' },
    requestHeaders: none,
    responseHeaders: none,
    perFilter: new Map(),
  };
}

function host(name: string, domains: string[], routes: Route[] = [route('only', {})]): VirtualHost {
  return {
    name,
    domains,
    routes,
    requestHeaders: none,
    responseHeaders: none,
    includeAttemptCount: false,
    includeAttemptCountInResponse: false,
  };
}

const table = (virtualHosts: VirtualHost[], more: Partial<RouteTable> = {}): RouteTable => ({
  name: 't',
  virtualHosts,
  requestHeaders: none,
  responseHeaders: none,
  ...more,
});

const request = (path: string, more: Partial<RoutedRequest> = {}): RoutedRequest => ({
  method: 'GET',
  path,
  authority: 'reviews:9080',
  scheme: 'http',
  headers: new Headers(),
  ...more,
});

const header = (name: string, test: HeaderMatch['test'], more: Partial<HeaderMatch> = {}): HeaderMatch => ({
  name,
  test,
  invert: false,
  treatMissingAsEmpty: false,
  ...more,
});

describe('virtual hosts', () => {
  const matcher = new RouteMatcher(
    table([
      host('any', ['*']),
      host('suffix', ['*.foo.com']),
      host('longer suffix', ['*-bar.foo.com']),
      host('prefix', ['www.*']),
      host('exact', ['www.foo.com', 'reviews:9080']),
    ]),
  );
  it.each([
    ['www.foo.com', 'exact'],
    ['WWW.FOO.COM', 'exact'],
    ['reviews:9080', 'exact'],
    ['reviews', 'any'],
    ['a.foo.com', 'suffix'],
    ['baz-bar.foo.com', 'longer suffix'],
    ['-bar.foo.com', 'suffix'],
    ['.foo.com', 'any'],
    ['www.example.org', 'prefix'],
    ['www.', 'any'],
    ['x', 'any'],
  ])('%s is of %s', (authority, name) => expect(matcher.virtualHost(authority)?.name).toBe(name));

  it('finds the same when it is made of the one before a change', () => {
    const [a, b, any] = [host('a', ['a.com', '*.a.com']), host('b', ['b.com']), host('any', ['*'])];
    const other = host('a', ['a.com', '*.a.com'], [route('other', {})]);
    const before = new RouteMatcher(table([a, b, any]));
    const found = (matcher: RouteMatcher) =>
      ['a.com', 'x.a.com', 'b.com', 'c.com'].map((authority) => {
        const choice = matcher.match(request('/', { authority }), () => 0);
        return `${choice?.virtualHost.name} ${choice?.route.name}`;
      });
    expect(found(before)).toEqual(['a only', 'a only', 'b only', 'any only']);
    for (const hosts of [[other, b, any], [b, any], [any, b, a], [a, host('b', ['c.com']), any], [b]]) {
      const changed = table(hosts);
      expect(found(new RouteMatcher(changed, before))).toEqual(found(new RouteMatcher(changed)));
    }
    expect(found(new RouteMatcher(table([other, b, any]), before))[1]).toBe('a other');
  });

  it('ignores the port where the table says so', () => {
    const ignoring = new RouteMatcher(table([host('h', ['a.com', '[::1]'])], { ignorePort: true }));
    expect(ignoring.virtualHost('a.com:8080')?.name).toBe('h');
    expect(ignoring.virtualHost('[::1]:80')?.name).toBe('h');
  });
});

describe('routes', () => {
  const first = (routes: Route[], wanted: RoutedRequest, random = () => 0) =>
    new RouteMatcher(table([host('h', ['*'], routes)])).match(wanted, random)?.route.name;
  const path = (kind: 'prefix' | 'exact' | 'path-separated-prefix', value: string, ignoreCase = false) => ({
    path: { kind, value, ignoreCase },
  });

  it('takes the first that matches', () => {
    const routes = [
      route('exact', path('exact', '/a')),
      route('prefix', path('prefix', '/a')),
      route('rest', {}),
    ];
    expect(first(routes, request('/a?x=1'))).toBe('exact');
    expect(first(routes, request('/ab'))).toBe('prefix');
    expect(first(routes, request('/b'))).toBe('rest');
  });
  it('matches segments', () => {
    const routes = [route('r', path('path-separated-prefix', '/a'))];
    expect(first(routes, request('/a/b'))).toBe('r');
    expect(first(routes, request('/a'))).toBe('r');
    expect(first(routes, request('/ab'))).toBeUndefined();
  });
  it('ignores case where asked', () =>
    expect(first([route('r', path('prefix', '/API', true))], request('/api/x'))).toBe('r'));
  it('gives CONNECT to a CONNECT route alone', () => {
    const connect = request('', { method: 'CONNECT' });
    expect(first([route('rest', {}), route('c', { path: { kind: 'connect' } })], connect)).toBe('c');
    expect(first([route('rest', {})], connect)).toBeUndefined();
    expect(first([route('c', { path: { kind: 'connect' } })], request('/'))).toBeUndefined();
  });
  it('matches the query, undecoded, first value', () => {
    const routes = [route('r', { query: [{ name: 'v', test: (value) => value === '2' }, { name: 'flag' }] })];
    expect(first(routes, request('/?v=2&flag&v=3'))).toBe('r');
    expect(first(routes, request('/?v=3&v=2&flag'))).toBeUndefined();
    expect(first(routes, request('/?v=2'))).toBeUndefined();
  });
  it('takes a fraction', () => {
    const routes = [route('some', { fraction: 250_000 }), route('rest', {})];
    expect(first(routes, request('/'), () => 0.2)).toBe('some');
    expect(first(routes, request('/'), () => 0.25)).toBe('rest');
  });
  it('tells what it did', () => {
    const steps: string[] = [];
    const trace: RouteTrace = {
      onVirtualHost: (found) => steps.push(found?.name ?? 'none'),
      onRoute: ({ name, match }, miss) => steps.push(`${name}: ${miss === match.path ? 'path' : 'match'}`),
    };
    const matcher = new RouteMatcher(
      table([host('h', ['*'], [route('a', path('exact', '/a')), route('b', {})])]),
    );
    matcher.match(request('/x'), () => 0, trace);
    expect(steps).toEqual(['h', 'a: path', 'b: match']);
  });
  it('joins repeated fields and reads pseudo-fields', () => {
    const headers = new Headers();
    headers.add('x', 'a');
    headers.add('x', 'b');
    const routes = [
      route('r', {
        headers: [
          header('x', { kind: 'value', test: (value) => value === 'a,b' }),
          header(':method', { kind: 'value', test: compileStringMatcher({ kind: 'exact', value: 'GET' }) }),
        ],
      }),
    ];
    expect(first(routes, request('/', { headers }))).toBe('r');
  });
});

describe('headerMatches', () => {
  const isA: HeaderMatch['test'] = { kind: 'value', test: (value) => value === 'a' };
  it.each([
    [header('x', isA), 'a', true],
    [header('x', isA), 'b', false],
    [header('x', isA, { invert: true }), 'b', true],
    [header('x', isA, { invert: true }), undefined, false],
    [header('x', isA, { invert: true, treatMissingAsEmpty: true }), undefined, true],
    [header('x', { kind: 'present', present: true }), 'b', true],
    [header('x', { kind: 'present', present: true }, { invert: true }), undefined, true],
    [header('x', { kind: 'present', present: false }), undefined, true],
  ] as const)('%#', (match, value, expected) => expect(headerMatches(match, value)).toBe(expected));
});

describe('pickCluster', () => {
  const cluster = (name: string, weight: number) => ({
    name,
    weight,
    requestHeaders: none,
    responseHeaders: none,
  });
  it('splits by weight', () => {
    const action = { clusters: [cluster('a', 75), cluster('b', 0), cluster('c', 25)], totalWeight: 100 };
    expect([0, 0.7499, 0.75, 0.999].map((at) => pickCluster(action, () => at)?.name)).toEqual([
      'a',
      'a',
      'c',
      'c',
    ]);
  });
});
