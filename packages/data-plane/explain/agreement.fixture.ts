import { Headers } from '@tulle/decision/headers';
import type { FaultRule } from '@tulle/decision/tables/fault';
import type { HeaderMatch, QueryMatch, Route, RouteMatch, RouteTable } from '@tulle/decision/tables/route';
import type { RouteAction } from '@tulle/decision/tables/route-action';
import type { Tables } from '@tulle/decision/tables/tables';
import fc from 'fast-check';
import { faultFilter } from '../filters/fault/filter.ts';
import type { StreamInfo } from '../http/stream-info.ts';
import { backend } from '../testing/backend.ts';
import { ask } from '../testing/client.ts';
import { metadata, portOf, startEngine } from '../testing/engine.ts';
import * as make from '../testing/tables.ts';
import type { HttpCall } from './call.ts';
import type { Outcome } from './decision.ts';
import { Explainer } from './explainer.ts';

/**
 * Pairs of configuration and request, run through a live proxy and through its explanation: of few names, so
 * that rules meet requests, miss them and get into each other's way.
 */
const paths = ['/', '/a', '/a/b', '/ab', '/A', '/a%2Fb', '/a//b', '/a/../b', '/a?x=1', '/a?x=2&y', '/../..'];
const hosts = ['one', 'two', 'one:80', 'a.two', 'ONE', 'three'];
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
export const callOf: fc.Arbitrary<HttpCall> = fc
  .record({
    method: fc.constantFrom('GET', 'POST', 'DELETE'),
    authority: fc.constantFrom(...hosts),
    path: fc.constantFrom(...paths),
    a: fc.option(word, { nil: undefined }),
    b: fc.option(word, { nil: undefined }),
  })
  .map(({ method, authority, path, a, b }) => ({
    kind: 'http' as const,
    listener: 'in',
    scheme: 'http' as const,
    protocol: 'HTTP/1.1' as const,
    method,
    authority,
    path,
    headers: Headers.of({
      ...(a === undefined ? {} : { 'x-a': a }),
      ...(b === undefined ? {} : { 'x-b': b }),
    }),
  }));

const facts = (info: StreamInfo, status: number) => ({
  route: info.routeName,
  virtualHost: info.virtualHost,
  cluster: info.cluster,
  details: info.details,
  flags: info.flags.join(),
  status,
});
type Facts = ReturnType<typeof facts>;

/** What a live proxy may do: one of these. The endpoint's own answer is 200 here. */
const expected = ({ info, reply }: Outcome): Facts =>
  facts(
    { ...info, details: reply === undefined ? 'via_upstream' : info.details } as StreamInfo,
    reply?.status ?? 200,
  );

export interface Agreement {
  readonly pairs: number;
  /** In words, with what shows them again. */
  readonly disagreements: readonly string[];
}

/** @param seed of fast-check's generators */
export async function compare(configurations: number, callsEach: number, seed: number): Promise<Agreement> {
  const server = await backend((_, response) => response.end('ok'));
  const seen = new Map<string, StreamInfo>();
  const wanted = new Map<string, () => void>();
  const engine = await startEngine(tablesOf(make.routeTable([]), server.port), {
    observe: {
      httpLoggers: () => [
        (info, request) => {
          const id = request.headers.get('x-n') ?? '';
          seen.set(id, info);
          wanted.get(id)?.();
        },
      ],
    },
  });
  const disagreements: string[] = [];
  let pairs = 0;
  try {
    const port = portOf(engine, 'in');
    for (let at = 0; at < configurations; at++) {
      const [table] = fc.sample(tableOf, { numRuns: 1, seed: seed + at }) as [RouteTable];
      const tables = tablesOf(table, server.port);
      await engine.apply(tables);
      const explainer = new Explainer(tables, node);
      const calls = fc.sample(callOf, { numRuns: callsEach, seed: seed + at });
      await Promise.all(
        calls.map(async (call, nth) => {
          const id = `${at}/${nth}`;
          const logged = new Promise<void>((resolve) => wanted.set(id, resolve));
          const headers = { ...Object.fromEntries(call.headers), 'x-n': id };
          const { status } = await ask(port, {
            method: call.method,
            path: call.path,
            host: call.authority,
            headers,
          });
          await logged;
          const live = JSON.stringify(facts(seen.get(id) as StreamInfo, status));
          seen.delete(id);
          wanted.delete(id);
          const decision = explainer.decide(call);
          const told = decision.outcomes.map((outcome) => JSON.stringify(expected(outcome)));
          pairs++;
          if (!told.includes(live))
            disagreements.push(`seed ${seed + at}, call ${nth}: live ${live}, told ${told.join(' or ')}`);
        }),
      );
    }
  } finally {
    engine.destroy();
    await server.close();
  }
  return { pairs, disagreements };
}

const node = {
  id: 'sidecar~127.0.0.1~test-0.default~x',
  role: 'sidecar',
  metadata,
  trustDomain: 'cluster.local',
  uri: '',
} as const;

const filters = [{ name: faultName, typeUrl: faultFilter.typeUrl, config: {} }];

function tablesOf(table: RouteTable, port: number): Tables {
  const limits = { connections: 1024, pending: 1024, requests: 0, retries: 3 };
  return make.tables({
    listeners: [make.listener('in', [make.httpChain(make.manager('routes', { filters }))])],
    routes: [{ ...table, name: 'routes' }],
    clusters: [
      make.cluster('good', [make.endpoint(port)]),
      make.cluster('pair', [make.endpoint(port), make.endpoint(1, { health: 'unhealthy' })]),
      make.cluster('empty', []),
      make.cluster('sick', [make.endpoint(port, { health: 'unhealthy' })]),
      make.cluster('full', [make.endpoint(port)], { breakers: { default: limits, high: limits } }),
    ],
  });
}
