import type { EndpointCheck, HealthCheck, StatusRange } from '@tulle/decision/tables/health-check';
import type {
  core_HeaderValueOption,
  core_HealthCheck,
  core_HealthCheck_GrpcHealthCheck,
  core_HealthCheck_HttpHealthCheck,
  core_HealthCheck_Payload,
  core_HealthCheck_TcpHealthCheck,
  endpoint_Endpoint_HealthCheckConfig,
  type_Int64Range,
} from '@tulle/xds/wire';
import { milliseconds } from '../values/duration.ts';
import { join, type Problems } from '../values/problems.ts';

/** Envoy's defaults. */
const noTrafficIntervalMs = 60_000;
const bodyLimit = 1024;
const expectedStatuses: readonly StatusRange[] = [{ start: 200, end: 201 }];

/** A cluster's `health_checks`: Envoy takes one. */
export function translateHealthChecks(
  checks: readonly core_HealthCheck[],
  problems: Problems,
): HealthCheck | undefined {
  const [check] = checks;
  if (checks.length > 1) problems.add('health_checks', 'must be at most one');
  return check && translate(check, 'health_checks[0]', problems);
}

function translate(of: core_HealthCheck, path: string, problems: Problems): HealthCheck | undefined {
  const time = <T extends number | undefined>(field: DurationField, name: string, absent: T): number | T => {
    const ms = milliseconds(of[field], absent, join(path, name), problems);
    if (ms === 0 && !name.includes('jitter')) problems.add(join(path, name), 'must be greater than 0');
    return ms;
  };
  const required = (value: number | undefined, name: string): number => {
    if (value === undefined) problems.add(join(path, name), 'is required');
    return value ?? 1;
  };
  const healthyMs = required(time('interval', 'interval', undefined), 'interval');
  const unhealthyMs = time('unhealthyInterval', 'unhealthy_interval', healthyMs);
  const noTrafficMs = time('noTrafficInterval', 'no_traffic_interval', noTrafficIntervalMs);
  const check = translateCheck(of, path, problems);
  return (
    check && {
      timeoutMs: required(time('timeout', 'timeout', undefined), 'timeout'),
      intervals: {
        healthyMs,
        unhealthyMs,
        noTrafficMs,
        healthyEdgeMs: time('healthyEdgeInterval', 'healthy_edge_interval', healthyMs),
        unhealthyEdgeMs: time('unhealthyEdgeInterval', 'unhealthy_edge_interval', unhealthyMs),
        noTrafficHealthyMs: time('noTrafficHealthyInterval', 'no_traffic_healthy_interval', noTrafficMs),
        jitterMs: time('intervalJitter', 'interval_jitter', 0),
        jitterPercent: of.intervalJitterPercent,
        initialJitterMs: time('initialJitter', 'initial_jitter', 0),
      },
      unhealthyThreshold: required(of.unhealthyThreshold, 'unhealthy_threshold'),
      healthyThreshold: required(of.healthyThreshold, 'healthy_threshold'),
      reuseConnection: of.reuseConnection ?? true,
      check,
    }
  );
}

type DurationField = {
  [K in keyof core_HealthCheck]-?: NonNullable<core_HealthCheck[K]> extends { readonly nanos: number }
    ? K
    : never;
}[keyof core_HealthCheck];

function translateCheck(
  { httpHealthCheck: http, tcpHealthCheck: tcp, grpcHealthCheck: grpc }: core_HealthCheck,
  path: string,
  problems: Problems,
): HealthCheck['check'] | undefined {
  if (http !== undefined) return translateHttp(http, join(path, 'http_health_check'), problems);
  if (tcp !== undefined) return translateTcp(tcp, join(path, 'tcp_health_check'), problems);
  if (grpc !== undefined) return translateGrpc(grpc, join(path, 'grpc_health_check'), problems);
  problems.add(path, 'must say what to ask: HTTP, TCP or gRPC');
  return undefined;
}

function translateHttp(
  of: core_HealthCheck_HttpHealthCheck,
  path: string,
  problems: Problems,
): HealthCheck['check'] {
  if (!of.path.startsWith('/')) problems.add(join(path, 'path'), 'must begin with /');
  if (of.codecClientType === 'HTTP3') problems.add(join(path, 'codec_client_type'), 'HTTP3 is not supported');
  if (of.method === 'CONNECT') problems.add(join(path, 'method'), 'CONNECT asks for nothing');
  return {
    kind: 'http',
    http2: of.codecClientType === 'HTTP2',
    method: of.method === 'METHOD_UNSPECIFIED' ? 'GET' : of.method,
    host: of.host,
    path: of.path,
    headers: translateHeaders(of.requestHeadersToAdd, join(path, 'request_headers_to_add'), problems),
    removedHeaders: of.requestHeadersToRemove.map((name) => name.toLowerCase()),
    expected:
      of.expectedStatuses.length === 0
        ? expectedStatuses
        : translateRanges(of.expectedStatuses, join(path, 'expected_statuses'), problems),
    retriable: translateRanges(of.retriableStatuses, join(path, 'retriable_statuses'), problems),
    receive: of.receive.map((each, i) => payload(each, `${join(path, 'receive')}[${i}]`, problems)),
    bodyLimit: of.responseBufferSize ?? bodyLimit,
  };
}

function translateTcp(
  of: core_HealthCheck_TcpHealthCheck,
  path: string,
  problems: Problems,
): HealthCheck['check'] {
  return {
    kind: 'tcp',
    send: payload(of.send, join(path, 'send'), problems),
    receive: of.receive.map((each, i) => payload(each, `${join(path, 'receive')}[${i}]`, problems)),
  };
}

function translateGrpc(
  of: core_HealthCheck_GrpcHealthCheck,
  path: string,
  problems: Problems,
): HealthCheck['check'] {
  return {
    kind: 'grpc',
    service: of.serviceName,
    authority: of.authority,
    metadata: translateHeaders(of.initialMetadata, join(path, 'initial_metadata'), problems),
  };
}

function payload(of: core_HealthCheck_Payload | undefined, path: string, problems: Problems): Uint8Array {
  if (of?.binary !== undefined) return of.binary;
  const { text = '' } = of ?? {};
  if (!/^(?:[0-9a-f]{2})*$/i.test(text)) problems.add(`${path}.text`, 'must be pairs of hexadecimal digits');
  return Buffer.from(text, 'hex');
}

function translateRanges(
  ranges: readonly type_Int64Range[],
  path: string,
  problems: Problems,
): readonly StatusRange[] {
  return ranges.map(({ start, end }, i) => {
    if (start < 100 || end > 600 || start >= end) problems.add(`${path}[${i}]`, 'must be within 100 to 599');
    return { start, end };
  });
}

/** Only as they stand: a check has no request or response that a substitution could speak of. */
function translateHeaders(
  options: readonly core_HeaderValueOption[],
  path: string,
  problems: Problems,
): readonly (readonly [string, string])[] {
  return options.map(({ header }, i) => {
    const { key = '', value = '' } = header ?? {};
    const at = `${path}[${i}].header`;
    if (!/^[!#$&'*+.^_`|~0-9A-Za-z-]+$/.test(key)) problems.add(`${at}.key`, `"${key}" is no header name`);
    if (/[%\0\r\n]/.test(value)) problems.add(`${at}.value`, 'must be plain text without %');
    return [key.toLowerCase(), value];
  });
}

export function translateEndpointCheck(
  of: endpoint_Endpoint_HealthCheckConfig | undefined,
): EndpointCheck | undefined {
  if (of === undefined) return undefined;
  const { address, portValue: port, hostname, disableActiveHealthCheck: disabled } = of;
  return {
    disabled,
    ...(address?.socketAddress && { address: address.socketAddress.address }),
    ...(port !== 0 && { port }),
    ...(hostname !== '' && { hostname }),
  };
}
