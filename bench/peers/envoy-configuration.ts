import type { HopPlan } from './peer.ts';

const typed = (name: string, type: string, fields: object = {}): object => ({
  name,
  typed_config: { '@type': `type.googleapis.com/${type}`, ...fields },
});

const limits = {
  max_connections: 100_000,
  max_pending_requests: 100_000,
  max_requests: 100_000,
  max_retries: 100_000,
};

/** One listener, one cluster, as a mesh's sidecar has them: retries and limits as Istio sends them. */
export function envoyConfiguration(plan: HopPlan): object {
  return {
    static_resources: {
      listeners: [
        {
          name: 'in',
          address: { socket_address: { address: '127.0.0.1', port_value: plan.port } },
          filter_chains: [
            {
              filters: [plan.shape.protocol === 'tcp' ? tcpProxy : httpManager],
              ...(plan.shape.mtls === 'in' ? { transport_socket: downstreamTls(plan) } : {}),
            },
          ],
        },
      ],
      clusters: [
        {
          name: 'out',
          type: 'STATIC',
          connect_timeout: '2s',
          circuit_breakers: { thresholds: [limits] },
          load_assignment: {
            cluster_name: 'out',
            endpoints: [{ lb_endpoints: [{ endpoint: { address: loopback(plan.upstreamPort) } }] }],
          },
          ...(plan.shape.mtls === 'out' ? { transport_socket: upstreamTls(plan) } : {}),
          ...(plan.shape.protocol === 'http2' ? { typed_extension_protocol_options: http2 } : {}),
        },
      ],
    },
  };
}

const loopback = (port: number): object => ({ socket_address: { address: '127.0.0.1', port_value: port } });

const tcpProxy = typed(
  'envoy.filters.network.tcp_proxy',
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
  { stat_prefix: 'in', cluster: 'out' },
);

const httpManager = typed(
  'envoy.filters.network.http_connection_manager',
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
  {
    stat_prefix: 'in',
    normalize_path: true,
    common_http_protocol_options: { idle_timeout: '3600s' },
    request_headers_timeout: '10s',
    route_config: {
      name: 'routes',
      virtual_hosts: [
        {
          name: 'any',
          domains: ['*'],
          routes: [
            {
              match: { prefix: '/' },
              route: {
                cluster: 'out',
                timeout: '0s',
                retry_policy: {
                  retry_on: 'connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes',
                  num_retries: 2,
                  retriable_status_codes: [503],
                  retry_host_predicate: [
                    typed(
                      'envoy.retry_host_predicates.previous_hosts',
                      'envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
                    ),
                  ],
                  host_selection_retry_max_attempts: 5,
                },
              },
            },
          ],
        },
      ],
    },
    http_filters: [typed('envoy.filters.http.router', 'envoy.extensions.filters.http.router.v3.Router')],
  },
);

const tls13 = { tls_minimum_protocol_version: 'TLSv1_3', tls_maximum_protocol_version: 'TLSv1_3' };

const httpOptions = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const http2 = {
  [httpOptions]: {
    '@type': `type.googleapis.com/${httpOptions}`,
    explicit_http_config: { http2_protocol_options: {} },
  },
};

const commonTls = ({ shape, certificates: { chain, key, root, uri } }: HopPlan): object => ({
  tls_params: tls13,
  ...(shape.protocol === 'http2' ? { alpn_protocols: ['h2'] } : {}),
  tls_certificates: [{ certificate_chain: { filename: chain }, private_key: { filename: key } }],
  validation_context: {
    trusted_ca: { filename: root },
    match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { exact: uri } }],
  },
});

const downstreamTls = (plan: HopPlan): object =>
  typed('envoy.transport_sockets.tls', 'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext', {
    require_client_certificate: true,
    common_tls_context: commonTls(plan),
  });

const upstreamTls = (plan: HopPlan): object =>
  typed('envoy.transport_sockets.tls', 'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', {
    sni: 'outbound_.80_._.server.default.svc.cluster.local',
    common_tls_context: commonTls(plan),
  });
