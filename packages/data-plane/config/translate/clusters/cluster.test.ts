import type { Cluster } from '@tulle/decision/tables/cluster';
import { expect, test } from 'vitest';
import { ads, pack } from '../../messages.fixture.ts';
import {
  at,
  cluster,
  httpOptions,
  type Message,
  policyOf,
  rawBuffer,
  translate,
  upstreamTls,
} from './cluster.fixture.ts';

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
