import { type Draft, encode, type Messages } from '@tulle/xds/wire';
import { expect, test } from 'vitest';
import { filterReaders } from '../filters/filter-readers.ts';
import { translateResource } from '../resource.ts';

type Cluster = Draft<Messages['envoy.config.cluster.v3.Cluster']>;
type Check = NonNullable<Cluster['healthChecks']>[number];

const translate = (message: Cluster) =>
  translateResource(
    'cluster',
    'c',
    encode('envoy.config.cluster.v3.Cluster', { name: 'c', ...message }),
    filterReaders,
  );
const checkOf = (check: Check) => {
  const result = translate({ healthChecks: [check] });
  if (!result.ok) throw new Error(result.reason);
  return result.value.healthCheck;
};
const reason = (...checks: Check[]): string => {
  const result = translate({ healthChecks: checks });
  return result.ok ? '' : result.reason;
};
const seconds = (count: number) => ({ seconds: count, nanos: 0 });
const least: Check = {
  timeout: seconds(1),
  interval: seconds(10),
  unhealthyThreshold: 3,
  healthyThreshold: 2,
};

test('Envoy’s defaults', () => {
  expect(checkOf({ ...least, httpHealthCheck: { path: '/ready' } })).toEqual({
    timeoutMs: 1_000,
    intervals: {
      healthyMs: 10_000,
      unhealthyMs: 10_000,
      healthyEdgeMs: 10_000,
      unhealthyEdgeMs: 10_000,
      noTrafficMs: 60_000,
      noTrafficHealthyMs: 60_000,
      jitterMs: 0,
      jitterPercent: 0,
      initialJitterMs: 0,
    },
    unhealthyThreshold: 3,
    healthyThreshold: 2,
    reuseConnection: true,
    check: {
      kind: 'http',
      http2: false,
      method: 'GET',
      host: '',
      path: '/ready',
      headers: [],
      removedHeaders: [],
      expected: [{ start: 200, end: 201 }],
      retriable: [],
      receive: [],
      bodyLimit: 1024,
    },
  });
});

test('intervals follow from each other', () => {
  const made = checkOf({
    ...least,
    unhealthyInterval: seconds(5),
    noTrafficInterval: seconds(30),
    healthyEdgeInterval: seconds(2),
    intervalJitter: seconds(1),
    intervalJitterPercent: 20,
    initialJitter: seconds(3),
    reuseConnection: false,
    tcpHealthCheck: {},
  });
  expect(made?.reuseConnection).toBe(false);
  expect(made?.intervals).toEqual({
    healthyMs: 10_000,
    unhealthyMs: 5_000,
    healthyEdgeMs: 2_000,
    unhealthyEdgeMs: 5_000,
    noTrafficMs: 30_000,
    noTrafficHealthyMs: 30_000,
    jitterMs: 1_000,
    jitterPercent: 20,
    initialJitterMs: 3_000,
  });
});

test('what is asked', () => {
  const http = checkOf({
    ...least,
    httpHealthCheck: {
      path: '/ready',
      host: 'h',
      method: 'HEAD',
      codecClientType: 'HTTP2',
      requestHeadersToAdd: [{ header: { key: 'X-Check', value: '1' } }],
      expectedStatuses: [{ start: 200, end: 300 }],
      retriableStatuses: [{ start: 503, end: 504 }],
      receive: [{ text: '6f6B' }, { binary: new Uint8Array([1]) }],
      responseBufferSize: 0,
    },
  });
  expect(http?.check).toMatchObject({
    method: 'HEAD',
    http2: true,
    host: 'h',
    headers: [['x-check', '1']],
    expected: [{ start: 200, end: 300 }],
    retriable: [{ start: 503, end: 504 }],
    receive: [Buffer.from('ok'), new Uint8Array([1])],
    bodyLimit: 0,
  });
  expect(checkOf({ ...least, tcpHealthCheck: { send: { text: '50' } } })?.check).toEqual({
    kind: 'tcp',
    send: Buffer.from('P'),
    receive: [],
  });
  expect(checkOf({ ...least, grpcHealthCheck: { serviceName: 's', authority: 'a' } })?.check).toEqual({
    kind: 'grpc',
    service: 's',
    authority: 'a',
    metadata: [],
  });
});

test('how an endpoint is asked', () => {
  const result = translate({
    loadAssignment: {
      endpoints: [
        {
          lbEndpoints: [
            {
              endpoint: {
                address: { socketAddress: { address: '10.0.0.1', portValue: 80 } },
                healthCheckConfig: { portValue: 81, hostname: 'h', disableActiveHealthCheck: true },
              },
            },
          ],
        },
      ],
    },
  });
  expect(result.ok && result.value.discovery).toMatchObject({
    endpoints: [{ healthCheck: { disabled: true, port: 81, hostname: 'h' } }],
  });
});

test.each<[string, Check[], string]>([
  ['two of them', [least, least], 'health_checks: must be at most one'],
  ['nothing to ask', [least], 'must say what to ask'],
  ['no path', [{ ...least, httpHealthCheck: {} }], 'http_health_check.path: must begin with /'],
  [
    'no interval',
    [{ timeout: seconds(1), unhealthyThreshold: 3, healthyThreshold: 2, tcpHealthCheck: {} }],
    'health_checks[0].interval: is required',
  ],
  [
    'an interval of nothing',
    [{ ...least, interval: seconds(0), tcpHealthCheck: {} }],
    'must be greater than 0',
  ],
  [
    'no thresholds',
    [{ timeout: seconds(1), interval: seconds(1), unhealthyThreshold: 3, tcpHealthCheck: {} }],
    'healthy_threshold: is required',
  ],
  [
    'a payload of no bytes',
    [{ ...least, tcpHealthCheck: { send: { text: 'xy' } } }],
    'send.text: must be pairs',
  ],
  [
    'a header with a substitution',
    [
      {
        ...least,
        httpHealthCheck: { path: '/', requestHeadersToAdd: [{ header: { key: 'a', value: '%X%' } }] },
      },
    ],
    'must be plain text without %',
  ],
  [
    'a status that is none',
    [{ ...least, httpHealthCheck: { path: '/', expectedStatuses: [{ start: 0, end: 700 }] } }],
    'expected_statuses[0]: must be within 100 to 599',
  ],
])('refused: %s', (_, checks, why) => {
  expect(reason(...checks)).toContain(why);
});
