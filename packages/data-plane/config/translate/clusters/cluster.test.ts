import type { Cluster } from '@tulle/decision/tables/cluster';
import { type Draft, encode, type Messages } from '@tulle/xds/wire';
import { describe, expect, test } from 'vitest';
import { ads, pack } from '../../messages.fixture.ts';
import { filterReaders } from '../filters/filter-readers.ts';
import { translateResource } from '../resource.ts';

type Message = Draft<Messages['envoy.config.cluster.v3.Cluster']>;
const translate = (message: Message) =>
  translateResource(
    'cluster',
    'c',
    encode('envoy.config.cluster.v3.Cluster', { name: 'c', ...message }),
    filterReaders,
  );

function cluster(message: Message): Cluster {
  const result = translate(message);
  if (!result.ok) throw new Error(result.reason);
  return result.value;
}
const reason = (message: Message): string => {
  const result = translate(message);
  return result.ok ? '' : result.reason;
};

const upstreamTls = (
  context: Draft<Messages['envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext']>,
) => ({
  name: 'tls',
  typedConfig: pack('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', context),
});
const httpOptions = (options: Draft<Messages['envoy.extensions.upstreams.http.v3.HttpProtocolOptions']>) =>
  new Map([
    [
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      pack('envoy.extensions.upstreams.http.v3.HttpProtocolOptions', options),
    ],
  ]);
const at = (address: string, portValue = 80) => ({
  endpoint: { address: { socketAddress: { address, portValue } } },
});
const rawBuffer = {
  name: 'raw',
  typedConfig: {
    typeUrl: 'type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer',
    value: new Uint8Array(),
  },
};

const policies = 'envoy.extensions.load_balancing_policies.';
type PolicyName = keyof Messages extends infer Name
  ? Name extends `${typeof policies}${infer Own}`
    ? Own
    : never
  : never;
const policyOf = <Name extends PolicyName>(
  name: Name,
  config: Draft<Messages[`${typeof policies}${Name}`]>,
): NonNullable<Message['loadBalancingPolicy']> => ({
  policies: [{ typedExtensionConfig: { name, typedConfig: pack(`${policies}${name}`, config) } }],
});

test('Envoy’s defaults', () => {
  expect(cluster({})).toEqual({
    name: 'c',
    statName: 'c',
    discovery: { kind: 'static', endpoints: [] },
    balancer: { kind: 'round-robin' },
    connectTimeoutMs: 5_000,
    tlsMatches: [],
    protocol: 'http1',
    idleTimeoutMs: 3_600_000,
    maxRequestsPerConnection: 0,
    maxConnectionDurationMs: 0,
    preconnectRatio: 1,
    http2: {},
    breakers: {
      default: { connections: 1024, pending: 1024, requests: 1024, retries: 3 },
      high: { connections: 1024, pending: 1024, requests: 1024, retries: 3 },
    },
    panicThresholdPercent: 50,
    localityWeighted: false,
  });
});

test('a cluster of the mesh, as our control plane sends it', () => {
  const translated = cluster({
    type: 'EDS',
    edsClusterConfig: { edsConfig: ads, serviceName: 'outbound|9080||reviews' },
    lbPolicy: 'LEAST_REQUEST',
    connectTimeout: { seconds: 10, nanos: 0 },
    circuitBreakers: {
      thresholds: [
        { maxConnections: 0xffffffff, maxRetries: 10 },
        { priority: 'HIGH', maxRequests: 1 },
      ],
    },
    outlierDetection: { consecutive5xx: 7, interval: { seconds: 5, nanos: 0 }, consecutiveGatewayFailure: 3 },
    commonLbConfig: { healthyPanicThreshold: {} },
    typedExtensionProtocolOptions: httpOptions({
      commonHttpProtocolOptions: { idleTimeout: { seconds: 60, nanos: 0 }, maxRequestsPerConnection: 9 },
      explicitHttpConfig: { httpProtocolOptions: {} },
    }),
    metadata: {
      filterMetadata: new Map([
        [
          'istio',
          {
            services: [{ host: 'reviews.default.svc.cluster.local', name: 'reviews', namespace: 'default' }],
          },
        ],
      ]),
    } as never,
    transportSocketMatches: [
      {
        name: 'tlsMode-istio',
        match: { tlsMode: 'istio' },
        transportSocket: upstreamTls({
          sni: 'outbound_.9080_._.reviews',
          commonTlsContext: {
            alpnProtocols: ['istio'],
            tlsParams: { tlsMinimumProtocolVersion: 'TLSv1_3' },
            tlsCertificateSdsSecretConfigs: [{ name: 'default', sdsConfig: ads }],
            combinedValidationContext: {
              defaultValidationContext: {
                matchTypedSubjectAltNames: [
                  { sanType: 'URI', matcher: { exact: 'spiffe://td/ns/default/sa/reviews' } },
                ],
              },
              validationContextSdsSecretConfig: { name: 'ROOTCA', sdsConfig: ads },
            },
          },
        }),
      },
      { name: 'tlsMode-disabled', match: {}, transportSocket: rawBuffer },
    ],
  });
  expect(translated).toMatchObject({
    discovery: { kind: 'eds', name: 'outbound|9080||reviews' },
    balancer: { kind: 'least-request', choices: 2, activeBias: 1 },
    connectTimeoutMs: 10_000,
    idleTimeoutMs: 60_000,
    maxRequestsPerConnection: 9,
    breakers: {
      default: { connections: 0xffffffff, pending: 1024, requests: 1024, retries: 10 },
      high: { requests: 1 },
    },
    // Envoy does not enforce gateway failures unless told to.
    outlier: {
      consecutive5xx: 7,
      consecutiveGatewayErrors: 0,
      intervalMs: 5_000,
      baseEjectionMs: 30_000,
      maxEjectionMs: 300_000,
      maxEjectionPercent: 10,
    },
    panicThresholdPercent: 0,
    service: { host: 'reviews.default.svc.cluster.local', name: 'reviews', namespace: 'default' },
  });
  const [istio, plain] = translated.tlsMatches;
  expect(istio?.match).toEqual({ tlsMode: 'istio' });
  expect(istio?.tls).toMatchObject({
    sni: 'outbound_.9080_._.reviews',
    certificateSecret: 'default',
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    alpn: ['istio'],
  });
  const validation = istio?.tls?.validation;
  expect(validation?.rootsSecret).toBe('ROOTCA');
  expect(
    ['reviews', 'ratings'].map((name) =>
      validation?.subjectAltNames[0]?.(`spiffe://td/ns/default/sa/${name}`, 'uri'),
    ),
  ).toEqual([true, false]);
  expect(plain).toEqual({ match: {} });
});

test('references: endpoints by their service name, secrets of all sockets', () => {
  const result = translate({
    type: 'EDS',
    edsClusterConfig: { edsConfig: ads, serviceName: 's' },
    transportSocket: upstreamTls({
      commonTlsContext: { validationContextSdsSecretConfig: { name: 'roots' } },
    }),
    transportSocketMatches: [
      {
        transportSocket: upstreamTls({
          commonTlsContext: { tlsCertificateSdsSecretConfigs: [{ name: 'cert' }] },
        }),
      },
    ],
  });
  expect(result.ok && result.references).toEqual({
    endpoint: ['s'],
    route: [],
    virtualHost: [],
    secret: ['roots', 'cert'],
  });
});

test.each<[string, Message, Partial<Cluster>]>([
  [
    'STRICT_DNS takes names',
    {
      type: 'STRICT_DNS',
      dnsRefreshRate: { seconds: 30 },
      loadAssignment: { endpoints: [{ lbEndpoints: [at('example.com', 443)] }] },
    },
    {
      discovery: {
        kind: 'strict-dns',
        refreshMs: 30_000,
        endpoints: [expect.objectContaining({ address: 'example.com', port: 443 })],
      },
    },
  ],
  [
    'weights by reported load, within localities',
    {
      loadBalancingPolicy: policyOf('wrr_locality.v3.WrrLocality', {
        endpointPickingPolicy: policyOf('client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin', {
          blackoutPeriod: { seconds: 2 },
          errorUtilizationPenalty: 0.5,
          metricNamesForComputingUtilization: ['named_metrics.a'],
        }),
      }),
    },
    {
      localityWeighted: true,
      balancer: {
        kind: 'utilization',
        stabilizationMs: 2_000,
        expirationMs: 180_000,
        updateMs: 1_000,
        errorPenalty: 0.5,
        metricNames: ['named_metrics.a'],
      },
    },
  ],
  [
    'dynamic forward proxy',
    {
      lbPolicy: 'CLUSTER_PROVIDED',
      clusterType: {
        name: 'dfp',
        typedConfig: pack('envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig', {}),
      },
    },
    { discovery: { kind: 'dynamic-forward-proxy' }, balancer: { kind: 'cluster-provided' } },
  ],
  [
    'original destination',
    { type: 'ORIGINAL_DST', lbPolicy: 'CLUSTER_PROVIDED' },
    { discovery: { kind: 'original-destination' }, balancer: { kind: 'cluster-provided' } },
  ],
  [
    'ring hash',
    { lbPolicy: 'RING_HASH', ringHashLbConfig: { minimumRingSize: 10 } },
    { balancer: { kind: 'ring-hash', minRingSize: 10, maxRingSize: 8_388_608 } },
  ],
  ['Maglev', { lbPolicy: 'MAGLEV' }, { balancer: { kind: 'maglev', tableSize: 65_537 } }],
  [
    'slow start',
    {
      lbPolicy: 'LEAST_REQUEST',
      leastRequestLbConfig: {
        activeRequestBias: { defaultValue: 2 },
        slowStartConfig: { slowStartWindow: { seconds: 60, nanos: 0 }, minWeightPercent: { value: 5 } },
      },
    },
    {
      balancer: {
        kind: 'least-request',
        choices: 2,
        activeBias: 2,
        warmUp: { windowMs: 60_000, aggression: 1, minimumPercent: 5 },
      },
    },
  ],
  ['weighted localities', { commonLbConfig: { localityWeightedLbConfig: {} } }, { localityWeighted: true }],
  [
    'HTTP/2',
    { typedExtensionProtocolOptions: httpOptions({ explicitHttpConfig: { http2ProtocolOptions: {} } }) },
    { protocol: 'http2' },
  ],
  [
    'as downstream',
    { typedExtensionProtocolOptions: httpOptions({ useDownstreamProtocolConfig: {} }) },
    { protocol: 'downstream' },
  ],
  [
    'ejection switched off by percent',
    { outlierDetection: { enforcingConsecutive5xx: 0 } },
    { outlier: expect.objectContaining({ consecutive5xx: 0 }) },
  ],
])('%s', (_, message, expected) => expect(cluster(message)).toMatchObject(expected));

describe('what is refused, and where', () => {
  test.each<[Message, string]>([
    [{ type: 'EDS' }, 'eds_cluster_config.eds_config: must be ads'],
    [
      { lbPolicy: 'LOAD_BALANCING_POLICY_CONFIG' },
      'lb_policy: LOAD_BALANCING_POLICY_CONFIG is not supported',
    ],
    [
      { lbPolicy: 'MAGLEV', maglevLbConfig: { tableSize: 1_000 } },
      'maglev_lb_config.table_size: must be a prime of at most 5000011',
    ],
    [
      { lbPolicy: 'LEAST_REQUEST', leastRequestLbConfig: { activeRequestBias: { defaultValue: -1 } } },
      'least_request_lb_config.active_request_bias: must not be negative',
    ],
    [
      {
        lbPolicy: 'ROUND_ROBIN',
        roundRobinLbConfig: {
          slowStartConfig: { slowStartWindow: { seconds: 1, nanos: 0 }, aggression: { defaultValue: 0 } },
        },
      },
      'round_robin_lb_config.slow_start_config.aggression: must be above 0',
    ],
    [
      { lbPolicy: 'LEAST_REQUEST', leastRequestLbConfig: { choiceCount: 1 } },
      'least_request_lb_config.choice_count: must be at least 2',
    ],
    [
      { lbPolicy: 'RING_HASH', ringHashLbConfig: { minimumRingSize: 5, maximumRingSize: 4 } },
      'ring_hash_lb_config: ring sizes are out of range',
    ],
    [{ connectTimeout: { seconds: 0, nanos: -1 } }, 'connect_timeout: must not be negative'],
    [
      {
        clusterType: {
          name: 'redis',
          typedConfig: { typeUrl: 'x/envoy.clusters.redis', value: new Uint8Array() },
        },
      },
      'cluster_type: envoy.clusters.redis is not supported',
    ],
    [
      { loadAssignment: { endpoints: [{ lbEndpoints: [at('example.com')] }] } },
      'load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address.address: "example.com" is no IP address',
    ],
    [
      { transportSocket: { typedConfig: { typeUrl: 'x/a.Quic', value: new Uint8Array() } } },
      'transport_socket.typed_config: a.Quic is not supported',
    ],
    [
      { transportSocket: { typedConfig: { ...upstreamTls({}).typedConfig, value: Uint8Array.of(0xff) } } },
      'transport_socket.typed_config: cannot be read: ',
    ],
    [
      {
        transportSocket: upstreamTls({
          commonTlsContext: { tlsParams: { tlsMaximumProtocolVersion: 'TLSv1_1' } },
        }),
      },
      'tls_maximum_protocol_version: TLSv1_1 is not secure any more',
    ],
    [
      {
        transportSocket: upstreamTls({
          commonTlsContext: { tlsCertificateSdsSecretConfigs: [{ name: 'a' }, { name: 'b' }] },
        }),
      },
      'one client certificate at most',
    ],
    [
      {
        transportSocket: upstreamTls({
          commonTlsContext: { validationContext: { trustedCa: { inlineString: 'x' } } },
        }),
      },
      'common_tls_context.validation_context: roots must come by SDS',
    ],
    [
      { transportSocket: upstreamTls({ commonTlsContext: { combinedValidationContext: {} } }) },
      'combined_validation_context: roots must come by SDS',
    ],
    [
      { typedExtensionProtocolOptions: new Map([['x', { typeUrl: 'y/a.B', value: new Uint8Array() }]]) },
      'typed_extension_protocol_options[x]: a.B is not supported',
    ],
  ])('%#: %j', (message, expected) => expect(reason(message)).toContain(expected));

  test('a field that we do not know', () => {
    // filters = 40, an empty message.
    const bytes = Buffer.concat([
      encode('envoy.config.cluster.v3.Cluster', { name: 'c' }),
      Buffer.from([0xc2, 0x02, 0x00]),
    ]);
    expect(translateResource('cluster', 'c', bytes, filterReaders)).toEqual({
      ok: false,
      reason: 'filters: unsupported field cluster.Cluster.filters',
    });
  });
});

describe('HTTP connections', () => {
  const keepalive = { interval: { seconds: 5, nanos: 0 }, timeout: { seconds: 1, nanos: 0 } };

  test('what HTTP/2 may do, by whichever way it is asked for', () => {
    const http2ProtocolOptions = {
      maxConcurrentStreams: 7,
      initialStreamWindowSize: 65_535,
      initialConnectionWindowSize: 1_000_000,
      connectionKeepalive: keepalive,
    };
    const http2 = {
      maxConcurrentStreams: 7,
      streamWindow: 65_535,
      connectionWindow: 1_000_000,
      keepalive: { intervalMs: 5_000, timeoutMs: 1_000 },
    };
    const extension = (options: Parameters<typeof httpOptions>[0]) => ({
      typedExtensionProtocolOptions: httpOptions(options),
    });
    expect(cluster({ http2ProtocolOptions })).toMatchObject({ protocol: 'http2', http2 });
    expect(cluster(extension({ explicitHttpConfig: { http2ProtocolOptions } }))).toMatchObject({
      protocol: 'http2',
      http2,
    });
    expect(cluster(extension({ autoConfig: { http2ProtocolOptions } }))).toMatchObject({
      protocol: 'auto',
      http2,
    });
    expect(cluster(extension({ useDownstreamProtocolConfig: { http2ProtocolOptions } }))).toMatchObject({
      protocol: 'downstream',
      http2,
    });
  });

  test('answers that outlier detection counts', () => {
    const regex = '5[0-9][0-9]|429';
    const headers = [{ name: ':status', stringMatch: { safeRegex: { regex } } }];
    const errorMatcher = { httpResponseHeadersMatch: { headers } };
    const made = cluster({
      outlierDetection: {},
      typedExtensionProtocolOptions: httpOptions({ outlierDetection: { errorMatcher } }),
    });
    const errors = made.outlier?.errors;
    expect([428, 429, 499, 500, 599].filter((status) => errors?.has(status))).toEqual([429, 500, 599]);
    expect(errors?.size).toBe(101);
  });

  test('how long they live, and connections made ahead', () => {
    const made = cluster({
      commonHttpProtocolOptions: { maxConnectionDuration: { seconds: 60, nanos: 0 } },
      preconnectPolicy: { perUpstreamPreconnectRatio: 1.5 },
    });
    expect(made).toMatchObject({ maxConnectionDurationMs: 60_000, preconnectRatio: 1.5 });
  });

  test.each([
    [{ http2ProtocolOptions: { initialStreamWindowSize: 100 } }, 'initial_stream_window_size'],
    [{ http2ProtocolOptions: { connectionKeepalive: { interval: keepalive.interval } } }, 'timeout'],
    [{ preconnectPolicy: { perUpstreamPreconnectRatio: 9 } }, 'per_upstream_preconnect_ratio'],
  ] as const)('refuses %j', (message, field) => expect(reason(message as Message)).toContain(field));
});
