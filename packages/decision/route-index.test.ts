import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Headers } from './headers.ts';
import { RouteMatcher, type RouteTrace } from './match.ts';
import type { RoutedRequest } from './routed-request.ts';
import { compileStringMatcher, type StringPattern } from './string-match.ts';
import type { HeaderMatch, Route, RouteMatch } from './tables/route.ts';

const none = { set: [], add: [], remove: [] };
const untraced: RouteTrace = { onVirtualHost() {}, onRoute() {} };

const route = (match: RouteMatch, name: number): Route => ({
  name: String(name),
  match,
  action: { kind: 'direct', status: 200, body: '' },
  requestHeaders: none,
  responseHeaders: none,
  perFilter: new Map(),
});

function matcherOf(matches: readonly RouteMatch[]): RouteMatcher {
  const host = { name: 'h', domains: ['*'], routes: matches.map(route) };
  const hosts = [
    {
      ...host,
      requestHeaders: none,
      responseHeaders: none,
      includeAttemptCount: false,
      includeAttemptCountInResponse: false,
    },
  ];
  return new RouteMatcher({ name: 't', virtualHosts: hosts, requestHeaders: none, responseHeaders: none });
}

/** Few words, so that routes and requests meet. */
const word = fc.constantFrom('a', 'b', 'items', 'Items', 'users', 'x1', '');
const path = fc.array(word, { maxLength: 4 }).map((words) => `/${words.join('/')}`);
const value = fc.constantFrom('a', 'b', 'a,b', '');
const field = fc.constantFrom('x-a', 'x-b', ':method', ':authority', 'host', 'cookie');

const pattern: fc.Arbitrary<StringPattern> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('exact' as const, 'prefix' as const, 'suffix' as const, 'contains' as const),
    value,
    ignoreCase: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('regex' as const), value: fc.constantFrom('a|b', '.*', 'a.*', '[ab]+') }),
);

const header: fc.Arbitrary<HeaderMatch> = fc.record({
  name: field,
  invert: fc.boolean(),
  treatMissingAsEmpty: fc.boolean(),
  test: fc.oneof(
    fc.record({ kind: fc.constant('present' as const), present: fc.boolean() }),
    pattern.map((wanted) => ({ kind: 'value' as const, test: compileStringMatcher(wanted) })),
  ),
});

const regex = fc
  .constantFrom('/items/.*', '/(a|b)/users.*', '.*users', '/[^/]+/items', '(?i)/ITEMS', '/a.b/x1')
  .map((wanted) => ({
    kind: 'regex' as const,
    test: compileStringMatcher({ kind: 'regex', value: wanted }),
  }));

const match: fc.Arbitrary<RouteMatch> = fc.record(
  {
    path: fc.oneof(
      fc.record({
        kind: fc.constantFrom('prefix' as const, 'exact' as const, 'path-separated-prefix' as const),
        value: path,
        ignoreCase: fc.boolean(),
      }),
      regex,
      fc.constant({ kind: 'connect' as const }),
    ),
    headers: fc.array(header, { maxLength: 2 }),
    query: fc.array(fc.record({ name: fc.constantFrom('q', 'r') }), { maxLength: 1 }),
    fraction: fc.constantFrom(0, 300_000, 1_000_000),
  },
  { requiredKeys: ['path', 'headers', 'query'] },
);

const request: fc.Arbitrary<RoutedRequest> = fc
  .record({
    method: fc.constantFrom('GET', 'POST', 'CONNECT'),
    path: fc.oneof(
      path,
      fc.constant(''),
      path.map((text) => `${text}?q=1#f`),
    ),
    authority: fc.constantFrom('a', 'b'),
    fields: fc.array(fc.tuple(fc.constantFrom('x-a', 'x-b', 'cookie'), value), { maxLength: 4 }),
  })
  .map(({ fields, ...rest }) => {
    const headers = new Headers();
    for (const [name, text] of fields) headers.add(name, text);
    return { ...rest, scheme: 'http', headers };
  });

it('finds what a scan finds, and asks chance as often', () => {
  const routes = fc.array(match, { minLength: 16, maxLength: 40 });
  fc.assert(
    fc.property(routes, fc.array(request, { minLength: 10, maxLength: 10 }), (matches, requests) => {
      const matcher = matcherOf(matches);
      for (const asked of requests) {
        const draws = [0, 0];
        const chance = (who: 0 | 1) => () => ((draws[who] as number)++ % 7) / 7;
        const found = matcher.match(asked, chance(0));
        const scanned = matcher.match(asked, chance(1), untraced);
        expect(found?.route.name).toBe(scanned?.route.name);
        expect(draws[0]).toBe(draws[1]);
      }
    }),
    { numRuns: 400, seed: 20261121 },
  );
});

it('asks a thousand routes no more than a few', () => {
  let asked = 0;
  const counted = (text: string) => {
    const test = compileStringMatcher({ kind: 'regex', value: text });
    const counting = (candidate: string): boolean => {
      asked++;
      return test(candidate);
    };
    return Object.assign(counting, { literal: test.literal ?? '' });
  };
  const matcher = matcherOf(
    Array.from({ length: 1_000 }, (_, i) => ({
      path: { kind: 'regex' as const, test: counted(`/api/[^/]+/thing${i + 1000}/.*`) },
      headers: [],
      query: [],
    })),
  );
  const headers = new Headers();
  const to = (target: string) =>
    matcher.match({ method: 'GET', path: target, authority: 'a', scheme: 'http', headers }, () => 0);
  expect(to('/api/x/thing1999/')?.route.name).toBe('999');
  expect(asked).toBeLessThanOrEqual(10);
});
