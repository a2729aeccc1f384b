import { compileRanges } from '@tulle/decision/address-range';
import type { FaultRule } from '@tulle/decision/tables/fault';
import type { HeaderMatch, QueryMatch, Route, RouteMatch, RouteTable } from '@tulle/decision/tables/route';
import type { RouteAction } from '@tulle/decision/tables/route-action';
import type { FilterChain, Listener } from '@tulle/decision/tables/listener';
import type { Secrets, Tables } from '@tulle/decision/tables/tables';
import fc from 'fast-check';
import { faultFilter } from '../filters/fault/filter.ts';
import * as make from '../testing/tables.ts';

/** Configurations of few names, so that rules meet calls, miss them and get into each other's way. */
const domains = ['one', 'two', 'one:80', '*.two', 'thr*', '*'];
const faultName = 'envoy.filters.http.fault';
const word = fc.constantFrom('x', 'y', 'z');

const pathMatch: fc.Arbitrary<RouteMatch['path']> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('prefix' as const, 'exact' as const, 'path-separated-prefix' as const),
    value: fc.constantFrom('/', '/a', '/a/b', '/b'),
    ignoreCase: fc.boolean(),
  }),
  fc.constant({ kind: 'regex' as const, test: (path: string) => /^\/a.*b$/.test(path) }),
);
const test = word.map((wanted) => (value: string) => value === wanted);
const headerMatch: fc.Arbitrary<HeaderMatch> = fc.record({
  name: fc.constantFrom('x-a', 'x-b', ':method', ':authority'),
  invert: fc.boolean(),
  treatMissingAsEmpty: fc.boolean(),
  test: fc.oneof(
    fc.record({ kind: fc.constant('present' as const), present: fc.boolean() }),
    fc.record({
      kind: fc.constant('value' as const),
      test: fc.oneof(
        test,
        fc.constant((v: string) => v === 'GET'),
      ),
    }),
  ),
});
const queryMatch: fc.Arbitrary<QueryMatch> = fc.constantFrom(
  { name: 'x' },
  { name: 'y' },
  { name: 'x', test: (value: string) => value === '1' },
);
/** Weights of clusters, one of which does not exist and some of which have nobody to serve. */
const clusterNames = ['good', 'pair', 'empty', 'sick', 'full', 'nowhere'];
const weights = fc
  .uniqueArray(fc.constantFrom(...clusterNames), { minLength: 1, maxLength: 3 })
  .chain((names) =>
    fc
      .array(fc.constantFrom(0, 1, 50), { minLength: names.length, maxLength: names.length })
      .map((each) => Object.fromEntries(names.map((name, at) => [name, each[at] as number]))),
  );
const rewrite = fc.option(
  fc.oneof(
    fc.record({
      kind: fc.constantFrom('prefix' as const, 'full' as const),
      value: fc.constantFrom('/', '/new'),
    }),
    fc.constant({ kind: 'regex' as const, replace: (path: string) => path.replaceAll('a', 'c') }),
  ),
  { nil: undefined },
);
const action: fc.Arbitrary<RouteAction> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(weights, rewrite).map(([of, path]) => make.forward(of, path && { path })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.constantFrom(301 as const, 308 as const),
        fc.constantFrom({}, { host: 'new' }, { scheme: 'https' }),
        rewrite,
      )
      .map(([status, to, path]) => ({
        kind: 'redirect' as const,
        status,
        ...to,
        ...(path === undefined ? {} : { path }),
        stripQuery: false,
      })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(200, 418).map((status) => ({ kind: 'direct' as const, status, body: 'b' })),
  },
);
const routes = fc
  .array(
    fc.tuple(
      pathMatch,
      fc.array(headerMatch, { maxLength: 2 }),
      fc.array(queryMatch, { maxLength: 1 }),
      action,
      fc.option(fc.constantFrom(0, 500_000, 1_000_000), { nil: undefined, freq: 4 }),
    ),
    { maxLength: 6 },
  )
  .map((all) =>
    all.map(([path, headers, query, does, fraction], at): Route => {
      const fault: FaultRule = fraction === undefined ? {} : { abort: { status: 418, fraction } };
      const perFilter = new Map(fraction === undefined ? [] : [[faultName, fault]]);
      return make.route(does, { name: `r${at}`, match: { path, headers, query }, perFilter });
    }),
  );
export const tableOf: fc.Arbitrary<RouteTable> = fc
  .tuple(
    fc.uniqueArray(fc.constantFrom(...domains), { minLength: 1 }),
    fc.array(routes, { minLength: 6, maxLength: 6 }),
    fc.boolean(),
  )
  .map(([claimed, lists, ignorePort]) =>
    make.routeTable(
      claimed.map((domain, at) => make.host(lists[at] ?? [], { name: `h${at}`, domains: [domain] })),
      { ignorePort },
    ),
  );
