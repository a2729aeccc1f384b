import { expect, test } from 'vitest';
import { readEnvoyConfig } from './envoy-config.ts';

const cluster = (more: object) => ({
  name: 'a',
  connect_timeout: '1s',
  type: 'STATIC',
  load_assignment: { cluster_name: 'a' },
  ...more,
});
const read = (one: object) =>
  readEnvoyConfig({ listeners: [], routes: [], secrets: [], endpoints: [], clusters: [{ ...one }] });

test('what our engine has no words for is left out, and said', () => {
  const { resources, leftOut } = read(cluster({ common_lb_config: { override_host_status: {} } }));
  expect(resources.cluster.map(({ name }) => name)).toEqual(['a']);
  expect(leftOut).toHaveLength(1);
  expect(leftOut[0]).toMatch(/^cluster a: common_lb_config.override_host_status: /);
});

test('a resource of which nothing can be read is left out whole', () => {
  const { resources, leftOut } = read(cluster({ load_assignment: { endpoints: 7 } }));
  expect(resources.cluster).toEqual([]);
  expect(leftOut[0]).toMatch(/^cluster a: /);
});

test('where its secrets come from is no matter', () => {
  const sds = { name: 'default', sds_config: { api_config_source: { api_type: 'GRPC' } } };
  const typed = {
    '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
    common_tls_context: { tls_certificate_sds_secret_configs: [sds] },
  };
  const { resources, leftOut } = read(
    cluster({ transport_socket: { name: 'envoy.transport_sockets.tls', typed_config: typed } }),
  );
  expect(leftOut).toEqual([]);
  expect(resources.cluster).toHaveLength(1);
});
