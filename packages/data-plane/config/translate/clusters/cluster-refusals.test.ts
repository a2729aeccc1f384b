import { encode } from '@tulle/xds/wire';
import { describe, expect, test } from 'vitest';
import { filterReaders } from '../filters/filter-readers.ts';
import { translateResource } from '../resource.ts';
import { at, type Message, reason, upstreamTls } from './cluster.fixture.ts';

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
