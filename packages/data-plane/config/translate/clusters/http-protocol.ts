import type { Cluster } from '@tulle/decision/tables/cluster';
import type { Http2Options, HttpManager } from '@tulle/decision/tables/http-manager';
import type {
  cluster_Cluster,
  core_Http2ProtocolOptions,
  core_HttpProtocolOptions,
  http_HttpProtocolOptions,
} from '@tulle/xds/wire';
import { milliseconds } from '../values/duration.ts';
import { join, messageName, type Problems, read } from '../values/problems.ts';
import { translateErrors } from './outlier.ts';

const extension = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
/** Envoy's default. */
const idleTimeoutMs = 3_600_000;
const largestWindow = 0x7fffffff;

type ConnectionFields = Pick<
  Cluster & HttpManager,
  'idleTimeoutMs' | 'maxRequestsPerConnection' | 'maxConnectionDurationMs'
>;

/** How long a connection lives, and for how many requests (envoy.config.core.v3.HttpProtocolOptions). */
export function translateConnectionOptions(
  common: core_HttpProtocolOptions | undefined,
  path: string,
  problems: Problems,
): ConnectionFields {
  const time = (field: 'idleTimeout' | 'maxConnectionDuration', name: string, absent: number): number =>
    milliseconds(common?.[field], absent, join(path, name), problems);
  return {
    idleTimeoutMs: time('idleTimeout', 'idle_timeout', idleTimeoutMs),
    maxRequestsPerConnection: common?.maxRequestsPerConnection ?? 0,
    maxConnectionDurationMs: time('maxConnectionDuration', 'max_connection_duration', 0),
  };
}

/** envoy.config.core.v3.Http2ProtocolOptions */
export function translateHttp2Options(
  options: core_Http2ProtocolOptions | undefined,
  path: string,
  problems: Problems,
): Http2Options {
  if (options === undefined) return {};
  const { maxConcurrentStreams, connectionKeepalive } = options;
  const inRange = (value: number | undefined, name: string, least: number): number | undefined => {
    if (value === undefined || (value >= least && value <= largestWindow)) return value;
    problems.add(join(path, name), `must be from ${least} to ${largestWindow}`);
    return undefined;
  };
  const streams = inRange(maxConcurrentStreams, 'max_concurrent_streams', 1);
  const streamWindow = inRange(options.initialStreamWindowSize, 'initial_stream_window_size', 65_535);
  const connectionWindow = inRange(
    options.initialConnectionWindowSize,
    'initial_connection_window_size',
    65_535,
  );
  const at = join(path, 'connection_keepalive');
  const intervalMs = milliseconds(connectionKeepalive?.interval, 0, `${at}.interval`, problems);
  const timeoutMs = milliseconds(connectionKeepalive?.timeout, 0, `${at}.timeout`, problems);
  if (connectionKeepalive !== undefined && timeoutMs === 0) problems.add(`${at}.timeout`, 'must be positive');
  return {
    ...(streams === undefined ? {} : { maxConcurrentStreams: streams }),
    ...(streamWindow === undefined ? {} : { streamWindow }),
    ...(connectionWindow === undefined ? {} : { connectionWindow }),
    ...(intervalMs > 0 ? { keepalive: { intervalMs, timeoutMs } } : {}),
  };
}

interface ProtocolFields extends Pick<Cluster, 'protocol' | 'http2'>, ConnectionFields {
  /** Answers that outlier detection counts; undefined: 5xx. */
  readonly errors?: ReadonlySet<number>;
}

/** What a cluster speaks: of its extension if it has one, else of its own older fields. */
export function translateUpstreamProtocol(cluster: cluster_Cluster, problems: Problems): ProtocolFields {
  let chosen = ownProtocol(cluster, problems);
  let common = cluster.commonHttpProtocolOptions;
  let errors: ReadonlySet<number> | undefined;
  for (const [name, any] of cluster.typedExtensionProtocolOptions) {
    const path = `typed_extension_protocol_options[${name}]`;
    if (messageName(any) !== extension) {
      problems.add(path, `${messageName(any)} is not supported`);
      continue;
    }
    const options = read(extension, any.value, path, problems);
    if (options === undefined) continue;
    common = options.commonHttpProtocolOptions ?? common;
    chosen = extensionProtocol(options, path, problems);
    if (options.outlierDetection !== undefined)
      errors = translateErrors(options.outlierDetection, `${path}.outlier_detection`, problems);
  }
  const connection = translateConnectionOptions(common, 'common_http_protocol_options', problems);
  return {
    ...chosen,
    ...connection,
    maxRequestsPerConnection: connection.maxRequestsPerConnection || (cluster.maxRequestsPerConnection ?? 0),
    ...(errors && { errors }),
  };
}

function ownProtocol(cluster: cluster_Cluster, problems: Problems): Pick<Cluster, 'protocol' | 'http2'> {
  const { http2ProtocolOptions, protocolSelection } = cluster;
  const http2 = translateHttp2Options(http2ProtocolOptions, 'http2_protocol_options', problems);
  if (protocolSelection === 'USE_DOWNSTREAM_PROTOCOL') return { protocol: 'downstream', http2 };
  return { protocol: http2ProtocolOptions === undefined ? 'http1' : 'http2', http2 };
}

function extensionProtocol(
  { explicitHttpConfig, useDownstreamProtocolConfig, autoConfig }: http_HttpProtocolOptions,
  path: string,
  problems: Problems,
): Pick<Cluster, 'protocol' | 'http2'> {
  const http2 = (options: core_Http2ProtocolOptions | undefined, within: string): Http2Options =>
    translateHttp2Options(options, `${path}.${within}.http2_protocol_options`, problems);
  if (useDownstreamProtocolConfig !== undefined) {
    const { http2ProtocolOptions } = useDownstreamProtocolConfig;
    return { protocol: 'downstream', http2: http2(http2ProtocolOptions, 'use_downstream_protocol_config') };
  }
  if (autoConfig !== undefined)
    return { protocol: 'auto', http2: http2(autoConfig.http2ProtocolOptions, 'auto_config') };
  const explicit = explicitHttpConfig?.http2ProtocolOptions;
  if (explicit === undefined) return { protocol: 'http1', http2: {} };
  return { protocol: 'http2', http2: http2(explicit, 'explicit_http_config') };
}
