import { type Draft, encode, type Messages } from '@tulle/xds/wire';
import { expect, test } from 'vitest';
import { filterReaders } from '../filters/filter-readers.ts';
import { translateResource } from '../resource.ts';

type Message = Draft<Messages['envoy.config.endpoint.v3.ClusterLoadAssignment']>;
const translate = (message: Message) =>
  translateResource(
    'endpoint',
    'e',
    encode('envoy.config.endpoint.v3.ClusterLoadAssignment', message),
    filterReaders,
  );
const address = (portValue: number, ip = '10.0.0.1') => ({
  address: { socketAddress: { address: ip, portValue } },
});

test('address, weight, priority, locality, health, what chooses its transport, who runs there', () => {
  const metadata = {
    filterMetadata: new Map([
      ['envoy.transport_socket_match', { tlsMode: 'istio' }],
      ['istio', { workload: 'reviews-v1;default;reviews;v1;cluster-1' }],
    ]),
  };
  const result = translate({
    endpoints: [
      {
        locality: { region: 'r', zone: 'z' },
        priority: 1,
        loadBalancingWeight: 7,
        lbEndpoints: [{ endpoint: address(80), loadBalancingWeight: 3, metadata: metadata as never }],
      },
      {
        lbEndpoints: (['UNKNOWN', 'DEGRADED', 'UNHEALTHY', 'TIMEOUT', 'DRAINING'] as const).map(
          (healthStatus) => ({ endpoint: address(81, '::1'), healthStatus }),
        ),
      },
    ],
  });
  if (!result.ok) throw new Error(result.reason);
  expect(result.value[0]).toEqual({
    address: '10.0.0.1',
    port: 80,
    weight: 3,
    priority: 1,
    locality: 'r/z',
    localityWeight: 7,
    health: 'healthy',
    transport: { tlsMode: 'istio' },
    workload: {
      workload: 'reviews-v1',
      namespace: 'default',
      app: 'reviews',
      version: 'v1',
      canonicalName: 'reviews',
      canonicalRevision: 'v1',
      cluster: 'cluster-1',
    },
  });
  expect(result.value.slice(1).map(({ health }) => health)).toEqual([
    'healthy',
    'healthy',
    'unhealthy',
    'unhealthy',
    'draining',
  ]);
});

test.each<[Message, string]>([
  [
    { endpoints: [{ lbEndpoints: [{}] }] },
    'endpoints[0].lb_endpoints[0].endpoint.address: must be a socket address with a port',
  ],
  [{ endpoints: [{ lbEndpoints: [{ endpoint: address(0) }] }] }, '0 is no port'],
  [{ endpoints: [{ lbEndpoints: [{ endpoint: address(70_000) }] }] }, '70000 is no port'],
  [
    { endpoints: [{ lbEndpoints: [{ endpoint: address(80, 'localhost') }] }] },
    '"localhost" is no IP address',
  ],
  [
    { endpoints: [{ lbEndpoints: [{ endpoint: address(80), loadBalancingWeight: 0 }] }] },
    'load_balancing_weight: must be at least 1',
  ],
])('%j is refused', (message, expected) => {
  const result = translate(message);
  expect(result.ok ? '' : result.reason).toContain(expected);
});
