import { compileRanges } from '@tulle/decision/address-range';
import type { FaultRule } from '@tulle/decision/tables/fault';
import type { FilterChain, Listener } from '@tulle/decision/tables/listener';
import type { HeaderMatch, QueryMatch, Route, RouteMatch, RouteTable } from '@tulle/decision/tables/route';
import type { RouteAction } from '@tulle/decision/tables/route-action';
import type { Tables } from '@tulle/decision/tables/tables';
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
const tableOf: fc.Arbitrary<RouteTable> = fc
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

/** Who may come to a chain, and what comes of it. */
interface ChainPlan {
  /** Empty: whoever asks for whatever name. */
  readonly serverName: string;
  readonly protocol: '' | 'h2' | 'http/1.1';
  readonly source: '' | '127.0.0.8/30';
  /** `http` and `bytes` of a TLS listener: TLS ends there. */
  readonly does: 'http' | 'bytes' | 'pass';
  readonly shares: Readonly<Record<string, number>>;
}

/** A proxy's configuration, before its ports are known. */
export interface Scene {
  readonly role: 'sidecar' | 'router';
  readonly table: RouteTable;
  readonly secure: readonly ChainPlan[];
  readonly plain: readonly ChainPlan[];
}

const chainOf = (names: readonly string[], protocols: readonly ChainPlan['protocol'][]) =>
  fc.record({
    serverName: fc.constantFrom(...names),
    protocol: fc.constantFrom(...protocols),
    source: fc.constantFrom('' as const, '' as const, '127.0.0.8/30' as const),
    does: fc.constantFrom('http' as const, 'bytes' as const, 'pass' as const),
    shares: weights,
  });
/** Two chains of the same conditions would be refused. */
const conditions = ({ serverName, protocol, source }: ChainPlan): string =>
  [serverName, protocol, source].join();

export const sceneOf: fc.Arbitrary<Scene> = fc.record({
  role: fc.constantFrom('sidecar' as const, 'router' as const),
  table: tableOf,
  secure: fc.uniqueArray(chainOf(['', 'one', 'two', '*.two'], ['', '', 'h2', 'http/1.1']), {
    selector: conditions,
    minLength: 1,
    maxLength: 5,
  }),
  plain: fc.uniqueArray(chainOf([''], ['']), { selector: conditions, minLength: 1, maxLength: 2 }),
});

/** Listeners by the names that a control plane gives them; calls find them by those. */
export const listenerNames = {
  sidecar: ['outbound_http_proxy', 'outbound_443_one', 'outbound_5432_two', 'outbound_80_three'],
  router: ['127.0.0.1_80', '127.0.0.1_443', '127.0.0.1_5432', '127.0.0.1_8000'],
} as const;

const certificateSecret = 'shown';
const tls = {
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  cipherSuites: [],
  ecdhCurves: [],
  requireClientCertificate: false,
  certificateSecrets: [certificateSecret],
  sessionTimeoutMs: 0,
} as const;
const filters = [{ name: faultName, typeUrl: faultFilter.typeUrl, config: {} }];
const source = compileRanges([{ address: '127.0.0.8', prefixLength: 30 }]);

function chainFrom(plan: ChainPlan, at: number, http: FilterChain['filter'], secure: boolean): FilterChain {
  const { serverName, protocol, does, shares } = plan;
  const bytes: FilterChain['filter'] = {
    kind: 'tcp',
    proxy: {
      statPrefix: '',
      clusters: make.forward(shares).clusters,
      idleTimeoutMs: 0,
      maxConnectAttempts: 1,
      accessLogs: [],
    },
  };
  return make.chain(does === 'http' ? http : bytes, {
    name: `c${at}`,
    match: {
      serverNames: serverName === '' ? [] : [serverName],
      transportProtocol: secure ? 'tls' : '',
      applicationProtocols: protocol === '' ? [] : [protocol],
      ...(plan.source !== '' && { sources: source }),
    },
    ...(secure && does !== 'pass' && { tls: { ...tls, alpn: does === 'http' ? ['h2', 'http/1.1'] : [] } }),
  });
}

/** @param port of an application */
export function tablesOf(
  { role, table, secure, plain }: Scene,
  port: number,
  certificate: { readonly chainPem: string; readonly keyPem: string },
): Tables {
  const limits = { connections: 1024, pending: 1024, requests: 0, retries: 3 };
  const managed = make.manager('routes', { filters, upgrades: role === 'sidecar' ? ['connect'] : [] });
  const http: FilterChain['filter'] = { kind: 'http', manager: managed };
  const [first, tlsName, bytesName, anyName] = listenerNames[role];
  const chains = (plans: readonly ChainPlan[], isSecure: boolean): FilterChain[] =>
    plans.map((plan, at) => chainFrom(plan, at, http, isSecure));
  const sniffed = make.httpChain(managed, {
    match: { serverNames: [], transportProtocol: '', applicationProtocols: ['http/1.1', 'h2c'] },
  });
  const listeners: Listener[] = [
    make.listener(first, [make.httpChain(managed)]),
    make.listener(tlsName, chains(secure, true), { inspectTls: true }),
    make.listener(bytesName, chains(plain, false)),
    make.listener(anyName, [sniffed, ...chains(plain, false)], { inspectHttp: true }),
  ];
  return make.tables({
    listeners,
    routes: [{ ...table, name: 'routes' }],
    clusters: [
      make.cluster('good', [make.endpoint(port)]),
      make.cluster('pair', [make.endpoint(port), make.endpoint(1, { health: 'unhealthy' })]),
      make.cluster('empty', []),
      make.cluster('sick', [make.endpoint(port, { health: 'unhealthy' })]),
      make.cluster('full', [make.endpoint(port)], { breakers: { default: limits, high: limits } }),
    ],
    secrets: new Map([[certificateSecret, { kind: 'certificate', ...certificate }]]),
  });
}
