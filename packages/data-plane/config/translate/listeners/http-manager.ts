import type { HttpManager } from '@tulle/decision/tables/http-manager';
import type { http_connection_manager_HttpConnectionManager } from '@tulle/xds/wire';
import { translateConnectionOptions, translateHttp2Options } from '../clusters/http-protocol.ts';
import { type FilterConfigReaders, translateHttpFilter } from '../filters/http-filter.ts';
import { translateRouteTable } from '../routes/route.ts';
import { checkSource } from '../tls/tls.ts';
import { milliseconds } from '../values/duration.ts';
import { messageName, type Problems, read } from '../values/problems.ts';
import { translateAccessLogs } from './access-log.ts';
import { translateEdgeRules } from './edge-rules.ts';

export const httpManagerName =
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
export const routerName = 'envoy.extensions.filters.http.router.v3.Router';

/** Envoy's defaults. */
const defaults = {
  streamIdleMs: 300_000,
  headersKiB: 60,
} as const;

const codecs = { AUTO: 'auto', HTTP1: 'http1', HTTP2: 'http2' } as const;

/** envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager, as bytes. */
export function translateHttpManager(
  bytes: Uint8Array,
  readers: FilterConfigReaders,
  path: string,
  problems: Problems,
): HttpManager | undefined {
  const manager = read(httpManagerName, bytes, path, problems);
  if (manager === undefined) return undefined;
  checkUnsupported(manager, path, problems);
  const time = (
    field: 'streamIdleTimeout' | 'requestHeadersTimeout' | 'requestTimeout',
    name: string,
    absent: number,
  ): number => milliseconds(manager[field], absent, `${path}.${name}`, problems);
  const codec = codecs[manager.codecType as keyof typeof codecs];
  if (codec === undefined) problems.add(`${path}.codec_type`, `${manager.codecType} is not supported`);
  return {
    statPrefix: manager.statPrefix,
    codec: codec ?? 'auto',
    routes: translateRouteSource(manager, readers, path, problems),
    filters: translateFilters(manager, readers, path, problems),
    accessLogs: translateAccessLogs(manager.accessLog, `${path}.access_log`, problems),
    edge: translateEdgeRules(manager, path, problems),
    upgrades: manager.upgradeConfigs
      .filter(({ enabled }) => enabled !== false)
      .map(({ upgradeType }) => upgradeType.toLowerCase()),
    ...translateConnectionOptions(
      manager.commonHttpProtocolOptions,
      `${path}.common_http_protocol_options`,
      problems,
    ),
    http2: translateHttp2Options(manager.http2ProtocolOptions, `${path}.http2_protocol_options`, problems),
    streamIdleTimeoutMs: time('streamIdleTimeout', 'stream_idle_timeout', defaults.streamIdleMs),
    requestHeadersTimeoutMs: time('requestHeadersTimeout', 'request_headers_timeout', 0),
    requestTimeoutMs: time('requestTimeout', 'request_timeout', 0),
    maxRequestHeadersBytes: (manager.maxRequestHeadersKb ?? defaults.headersKiB) * 1024,
  };
}

/** Fields whose one value we have. */
function checkUnsupported(
  manager: http_connection_manager_HttpConnectionManager,
  path: string,
  problems: Problems,
): void {
  const refuse = (field: string, reason: string): void => problems.add(`${path}.${field}`, reason);
  if (manager.httpProtocolOptions?.allowAbsoluteUrl === false)
    refuse('http_protocol_options.allow_absolute_url', 'false is not supported');
}

function translateRouteSource(
  manager: http_connection_manager_HttpConnectionManager,
  readers: FilterConfigReaders,
  path: string,
  problems: Problems,
): HttpManager['routes'] {
  const { rds, routeConfig } = manager;
  if (routeConfig !== undefined) {
    return {
      kind: 'inline',
      table: translateRouteTable(routeConfig, readers, `${path}.route_config`, problems),
    };
  }
  if (!rds?.routeConfigName) problems.add(path, 'must have routes');
  else checkSource(rds.configSource, `${path}.rds.config_source`, problems);
  return { kind: 'rds', name: rds?.routeConfigName ?? '' };
}

function translateFilters(
  manager: http_connection_manager_HttpConnectionManager,
  readers: FilterConfigReaders,
  path: string,
  problems: Problems,
): HttpManager['filters'] {
  const filters = manager.httpFilters.flatMap(
    (filter, i) => translateHttpFilter(filter, readers, `${path}.http_filters[${i}]`, problems) ?? [],
  );
  const last = manager.httpFilters.at(-1)?.typedConfig;
  if (last === undefined || messageName(last) !== routerName)
    problems.add(`${path}.http_filters`, 'must end with the router');
  return filters;
}
