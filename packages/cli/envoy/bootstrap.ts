import type { Bootstrap } from '@tulle/data-plane/bootstrap';
import { localCluster } from '@tulle/xds/resource';

/** The cluster whose address is the agent's SDS socket; the control plane names it in what it sends to Envoys. */
const sdsCluster = 'sds-grpc';
const xdsCluster = 'xds-grpc';

const sdsConfig = {
  resource_api_version: 'V3',
  initial_fetch_timeout: '0s',
  api_config_source: {
    api_type: 'GRPC',
    transport_api_version: 'V3',
    set_node_on_first_message_only: true,
    grpc_services: [{ envoy_grpc: { cluster_name: sdsCluster } }],
  },
};

const http2 = (connection: object) => ({
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
    '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
    explicit_http_config: { http2_protocol_options: connection },
  },
});

const loadAssignment = (name: string, address: object) => ({
  cluster_name: name,
  endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }],
});

/** mTLS to the control plane with the secrets of the SDS socket, believing only its SPIFFE ID. */
const controlPlaneTls = (identity: string) => ({
  name: 'envoy.transport_sockets.tls',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
    common_tls_context: {
      alpn_protocols: ['h2'],
      tls_params: { tls_minimum_protocol_version: 'TLSv1_3', tls_maximum_protocol_version: 'TLSv1_3' },
      tls_certificate_sds_secret_configs: [{ name: 'default', sds_config: sdsConfig }],
      combined_validation_context: {
        default_validation_context: {
          match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { exact: identity } }],
        },
        validation_context_sds_secret_config: { name: 'ROOTCA', sds_config: sdsConfig },
      },
    },
  },
});

/** Off by default in Envoy 1.40; without it a limit for each value of a header is one limit for all values. */
const descriptorsWithOperators =
  'envoy.reloadable_features.enable_formatter_for_ratelimit_action_descriptor_value';

/** Envoy's bootstrap (envoy.config.bootstrap.v3.Bootstrap as JSON) for a proxy of the mesh. */
export function envoyBootstrap(bootstrap: Bootstrap, sdsSocket: string): object {
  const { node, controlPlane, admin } = bootstrap;
  const [region = '', zone = '', sub_zone = ''] = (node.metadata.TULLE_LOCALITY ?? '').split('/');
  return {
    node: { ...node, ...(region !== '' && { locality: { region, zone, sub_zone } }) },
    cluster_manager: { local_cluster_name: localCluster },
    admin: { address: { socket_address: { address: admin.address, port_value: admin.port } } },
    layered_runtime: { layers: [{ name: 'tulle', static_layer: { [descriptorsWithOperators]: true } }] },
    dynamic_resources: {
      lds_config: { ads: {}, resource_api_version: 'V3' },
      cds_config: { ads: {}, resource_api_version: 'V3' },
      ads_config: {
        api_type: 'DELTA_GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: xdsCluster } }],
      },
    },
    static_resources: {
      clusters: [
        // The proxy's own service: by it Envoy knows how large a part of the calls its zone makes.
        {
          name: localCluster,
          type: 'EDS',
          connect_timeout: '1s',
          eds_cluster_config: { eds_config: { ads: {}, resource_api_version: 'V3' } },
        },
        {
          name: sdsCluster,
          type: 'STATIC',
          connect_timeout: '1s',
          typed_extension_protocol_options: http2({}),
          load_assignment: loadAssignment(sdsCluster, { pipe: { path: sdsSocket } }),
        },
        {
          name: xdsCluster,
          type: 'STATIC',
          connect_timeout: '1s',
          typed_extension_protocol_options: http2({
            connection_keepalive: { interval: '10s', timeout: '5s' },
          }),
          transport_socket: controlPlaneTls(controlPlane.identity),
          load_assignment: loadAssignment(xdsCluster, {
            socket_address: { address: controlPlane.address, port_value: controlPlane.xdsPort },
          }),
        },
      ],
    },
  };
}
