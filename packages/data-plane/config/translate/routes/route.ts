import type { DescriptorRule } from '@tulle/decision/tables/rate-limit';
import type { Route, RouteTable, VirtualHost } from '@tulle/decision/tables/route';
import type { protobuf_Any, route_Route, route_RouteConfiguration, route_VirtualHost } from '@tulle/xds/wire';
import { type FilterConfigReaders, readFilterConfig } from '../filters/http-filter.ts';
import { checkSource } from '../tls/tls.ts';
import { noMutations, translateMutations } from '../values/header-mutation.ts';
import { join, type Problems, read } from '../values/problems.ts';
import { translateDescriptorRules } from './rate-limit-rule.ts';
import { translateRetry } from './retry.ts';
import { translateAction } from './route-action.ts';
import { translateMatch } from './route-match.ts';

/** envoy.config.route.v3.RouteConfiguration, as bytes. */
export function translateRoutes(
  bytes: Uint8Array,
  readers: FilterConfigReaders,
  problems: Problems,
): RouteTable | undefined {
  const configuration = read('envoy.config.route.v3.RouteConfiguration', bytes, '', problems);
  return configuration === undefined ? undefined : translateRouteTable(configuration, readers, '', problems);
}

/** envoy.config.route.v3.VirtualHost, as bytes. */
export function translateHost(
  bytes: Uint8Array,
  readers: FilterConfigReaders,
  problems: Problems,
): VirtualHost | undefined {
  const host = read('envoy.config.route.v3.VirtualHost', bytes, '', problems);
  return host === undefined ? undefined : translateVirtualHost(host, readers, '', problems);
}

export function translateRouteTable(
  configuration: route_RouteConfiguration,
  readers: FilterConfigReaders,
  path: string,
  problems: Problems,
): RouteTable {
  if (configuration.mostSpecificHeaderMutationsWins)
    problems.add(join(path, 'most_specific_header_mutations_wins'), 'is not supported');
  const virtualHosts = configuration.virtualHosts.map((host, i) =>
    translateVirtualHost(host, readers, join(path, `virtual_hosts[${i}]`), problems),
  );
  checkOwners(virtualHosts, path, problems);
  const { vhds } = configuration;
  if (vhds !== undefined) checkSource(vhds.configSource, join(path, 'vhds.config_source'), problems);
  return {
    name: configuration.name,
    virtualHosts,
    ...translateMutations(configuration, path, problems),
    ...(configuration.ignorePortInHostMatching ? { ignorePort: true } : {}),
    ...(vhds === undefined ? {} : { discoversHosts: true }),
  };
}

/** A domain that two virtual hosts claim would make the choice a matter of luck. */
function checkOwners(hosts: readonly VirtualHost[], path: string, problems: Problems): void {
  const owners = new Map<string, string>();
  hosts.forEach(({ name, domains }, i) => {
    domains.forEach((domain, d) => {
      const owner = owners.get(domain);
      if (owner !== undefined)
        problems.add(
          join(path, `virtual_hosts[${i}].domains[${d}]`),
          `"${domain}" is taken by virtual host ${owner} too`,
        );
      owners.set(domain, name);
    });
  });
}

function checkDomains(domains: readonly string[], path: string, problems: Problems): void {
  if (domains.length === 0) problems.add(join(path, 'domains'), 'must not be empty');
  domains.forEach((domain, d) => {
    if (
      domain === '' ||
      domain.slice(1, -1).includes('*') ||
      (domain.length > 1 && domain.startsWith('*') && domain.endsWith('*'))
    ) {
      problems.add(join(path, `domains[${d}]`), `"${domain}" is no domain`);
    }
  });
}

function translateVirtualHost(
  host: route_VirtualHost,
  readers: FilterConfigReaders,
  path: string,
  problems: Problems,
): VirtualHost {
  checkDomains(host.domains, path, problems);
  if (host.requireTls === 'EXTERNAL_ONLY')
    problems.add(join(path, 'require_tls'), 'EXTERNAL_ONLY is not supported');
  const perFilter = translatePerFilter(host.typedPerFilterConfig, readers, path, problems);
  const limits = translateDescriptorRules(host.rateLimits, join(path, 'rate_limits'), problems);
  return {
    name: host.name,
    domains: host.domains.map((domain) => domain.toLowerCase()),
    routes: [
      ...(host.requireTls === 'ALL' ? [toHttps] : []),
      ...host.routes
        .map((route, i) => translateRoute(route, perFilter, readers, join(path, `routes[${i}]`), problems))
        .map((route) => (limits.length === 0 ? route : limitedBy(limits, route))),
    ],
    ...(host.retryPolicy === undefined
      ? {}
      : { retry: translateRetry(host.retryPolicy, join(path, 'retry_policy'), problems) }),
    ...translateMutations(host, path, problems),
    includeAttemptCount: host.includeRequestAttemptCount,
    includeAttemptCountInResponse: host.includeAttemptCountInResponse,
  };
}

/** Routes that count nothing themselves count as their host says (Envoy's `vh_rate_limits: OVERRIDE`). */
const limitedBy = (rateLimits: readonly DescriptorRule[], route: Route): Route =>
  route.action.kind === 'forward' && route.action.rateLimits === undefined
    ? { ...route, action: { ...route.action, rateLimits } }
    : route;

/** `require_tls: ALL`: what came in plain text is sent to https, before any other route is looked at. */
const toHttps: Route = {
  name: 'require_tls',
  match: {
    path: { kind: 'prefix', value: '/', ignoreCase: false },
    headers: [
      {
        name: ':scheme',
        invert: false,
        treatMissingAsEmpty: false,
        test: { kind: 'value', test: (scheme) => scheme === 'http' },
      },
    ],
    query: [],
  },
  action: { kind: 'redirect', status: 301, scheme: 'https', stripQuery: false },
  ...noMutations,
  perFilter: new Map(),
};

function translateRoute(
  route: route_Route,
  inherited: ReadonlyMap<string, unknown>,
  readers: FilterConfigReaders,
  path: string,
  problems: Problems,
): Route {
  const own = translatePerFilter(route.typedPerFilterConfig, readers, path, problems);
  return {
    name: route.name,
    ...(route.statPrefix === '' ? {} : { statPrefix: route.statPrefix }),
    match: translateMatch(route.match, join(path, 'match'), problems),
    action: translateAction(route, path, problems),
    ...translateMutations(route, path, problems),
    perFilter: own.size === 0 ? inherited : new Map([...inherited, ...own]),
  };
}

function translatePerFilter(
  configs: ReadonlyMap<string, protobuf_Any>,
  readers: FilterConfigReaders,
  path: string,
  problems: Problems,
): ReadonlyMap<string, unknown> {
  const perFilter = new Map<string, unknown>();
  for (const [name, any] of configs) {
    const read = readFilterConfig(any, readers, join(path, `typed_per_filter_config[${name}]`), problems);
    if (read !== undefined) perFilter.set(name, read.config);
  }
  return perFilter;
}
