import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { filterReaders } from '@tulle/data-plane/config/translate/filters/filter-readers';
import { translateRoutes } from '@tulle/data-plane/config/translate/routes/route';
import { Problems } from '@tulle/data-plane/config/translate/values/problems';
import { Headers } from '@tulle/decision/headers';
import { RouteMatcher } from '@tulle/decision/match';
import type { RoutedRequest } from '@tulle/decision/routed-request';
import type { RouteSchema } from '@tulle/xds/gen/envoy/config/route/v3/route_components_pb.js';
import { RouteConfigurationSchema } from '@tulle/xds/gen/envoy/config/route/v3/route_pb.js';

type RouteInit = MessageInitShape<typeof RouteSchema>;
type MatchInit = NonNullable<RouteInit['match']>;

/** A matcher, and requests that take the routes of which they are named. */
export interface Case {
  readonly matcher: RouteMatcher;
  readonly requests: Readonly<Record<string, RoutedRequest>>;
}

/** 1,000 routes of one host: 600 exact paths and prefixes, 300 with headers, 100 regular expressions, mixed. */
export function manyRoutes(): Case {
  const matches = Array.from({ length: 1_000 }, (_, i) => matchOf(i));
  const at = (position: number): RoutedRequest => requestOf(position);
  return {
    matcher: matcherOf([{ name: 'many', domains: ['*'], routes: matches.map(routeOf) }]),
    requests: {
      'first route': at(0),
      'middle route': at(500),
      'last route, a regular expression': at(999),
      'last route with a header': at(998),
      'no route': { ...at(0), path: '/nowhere' },
    },
  };
}

/** So many hosts of ten routes each. */
export function manyHosts(count: number): Case {
  const hosts = Array.from({ length: count }, (_, i) => ({
    name: `h${i}`,
    domains: [`service-${i}.example.com`, `service-${i}.example.com:*`],
    routes: Array.from({ length: 10 }, (_, r) =>
      routeOf({ pathSpecifier: { case: 'prefix', value: `/v${r}/` } }),
    ),
  }));
  return {
    matcher: matcherOf(hosts),
    requests: Object.fromEntries(
      [0, Math.floor(count / 2), count - 1].map((i) => [
        `host ${i}`,
        { ...requestOf(0), authority: `service-${i}.example.com`, path: '/v5/items' },
      ]),
    ),
  };
}

/** Of ten routes six are paths, three ask for a header too, one is a regular expression. */
function matchOf(i: number): MatchInit {
  const kind = i % 10;
  if (kind === 9)
    return { pathSpecifier: { case: 'safeRegex', value: { regex: `/regex/[^/]+/thing-${i}/.*` } } };
  if (kind >= 6)
    return {
      pathSpecifier: { case: 'prefix', value: '/' },
      headers: [
        {
          name: 'x-tenant',
          headerMatchSpecifier: {
            case: 'stringMatch',
            value: { matchPattern: { case: 'exact', value: `tenant-${i}` } },
          },
        },
      ],
    };
  return kind % 2 === 0
    ? { pathSpecifier: { case: 'path', value: `/exact/${i}` } }
    : { pathSpecifier: { case: 'prefix', value: `/prefix/${i}/` } };
}

function requestOf(i: number): RoutedRequest {
  const kind = i % 10;
  const headers = Headers.of({
    'user-agent': 'bench/1.0',
    accept: '*/*',
    'accept-encoding': 'gzip',
    'x-request-id': '5f2b7c1e-0000-4000-8000-000000000000',
    'x-forwarded-proto': 'http',
    ...(kind >= 6 && kind < 9 ? { 'x-tenant': `tenant-${i}` } : {}),
  });
  const path =
    kind === 9
      ? `/regex/a/thing-${i}/b`
      : kind >= 6
        ? '/anything'
        : kind % 2 === 0
          ? `/exact/${i}`
          : `/prefix/${i}/items`;
  return { method: 'GET', path, authority: 'many.example.com', scheme: 'http', headers };
}

const routeOf = (match: MatchInit): RouteInit => ({
  match,
  action: { case: 'route', value: { clusterSpecifier: { case: 'cluster', value: 'c' } } },
});

function matcherOf(
  virtualHosts: readonly { name: string; domains: string[]; routes: RouteInit[] }[],
): RouteMatcher {
  const message = create(RouteConfigurationSchema, { name: 'bench', virtualHosts: [...virtualHosts] });
  const problems = new Problems();
  const table = translateRoutes(toBinary(RouteConfigurationSchema, message), filterReaders, problems);
  if (table === undefined || problems.list.length > 0) throw new Error(problems.list.join('; '));
  return new RouteMatcher(table);
}
