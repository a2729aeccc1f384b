import { createRegistry, type DescMessage } from '@bufbuild/protobuf';
import { ClusterSchema } from '@tulle/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import { ClusterLoadAssignmentSchema } from '@tulle/xds/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { ListenerSchema } from '@tulle/xds/gen/envoy/config/listener/v3/listener_pb.js';
import { RouteConfigurationSchema } from '@tulle/xds/gen/envoy/config/route/v3/route_pb.js';
import { FileAccessLogSchema } from '@tulle/xds/gen/envoy/extensions/access_loggers/file/v3/file_pb.js';
import {
  StderrAccessLogSchema,
  StdoutAccessLogSchema,
} from '@tulle/xds/gen/envoy/extensions/access_loggers/stream/v3/stream_pb.js';
import { ClusterConfigSchema } from '@tulle/xds/gen/envoy/extensions/clusters/dynamic_forward_proxy/v3/cluster_pb.js';
import { BandwidthLimitSchema } from '@tulle/xds/gen/envoy/extensions/filters/http/bandwidth_limit/v3/bandwidth_limit_pb.js';
import {
  CorsPolicySchema,
  CorsSchema,
} from '@tulle/xds/gen/envoy/extensions/filters/http/cors/v3/cors_pb.js';
import { FilterConfigSchema } from '@tulle/xds/gen/envoy/extensions/filters/http/dynamic_forward_proxy/v3/dynamic_forward_proxy_pb.js';
import { HTTPFaultSchema } from '@tulle/xds/gen/envoy/extensions/filters/http/fault/v3/fault_pb.js';
import { FilterConfigSchema as GrpcStatsSchema } from '@tulle/xds/gen/envoy/extensions/filters/http/grpc_stats/v3/config_pb.js';
import { GrpcWebSchema } from '@tulle/xds/gen/envoy/extensions/filters/http/grpc_web/v3/grpc_web_pb.js';
import { LocalRateLimitSchema } from '@tulle/xds/gen/envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit_pb.js';
import { RateLimitSchema } from '@tulle/xds/gen/envoy/extensions/filters/http/ratelimit/v3/rate_limit_pb.js';
import { RouterSchema } from '@tulle/xds/gen/envoy/extensions/filters/http/router/v3/router_pb.js';
import { HttpInspectorSchema } from '@tulle/xds/gen/envoy/extensions/filters/listener/http_inspector/v3/http_inspector_pb.js';
import { OriginalDstSchema } from '@tulle/xds/gen/envoy/extensions/filters/listener/original_dst/v3/original_dst_pb.js';
import { ProxyProtocolSchema } from '@tulle/xds/gen/envoy/extensions/filters/listener/proxy_protocol/v3/proxy_protocol_pb.js';
import { TlsInspectorSchema } from '@tulle/xds/gen/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.js';
import { HttpConnectionManagerSchema } from '@tulle/xds/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { ConfigSchema as SetFilterStateSchema } from '@tulle/xds/gen/envoy/extensions/filters/network/set_filter_state/v3/set_filter_state_pb.js';
import { FilterConfigSchema as SniForwardSchema } from '@tulle/xds/gen/envoy/extensions/filters/network/sni_dynamic_forward_proxy/v3/sni_dynamic_forward_proxy_pb.js';
import { TcpProxySchema } from '@tulle/xds/gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js';
import { DnsFilterConfigSchema } from '@tulle/xds/gen/envoy/extensions/filters/udp/dns_filter/v3/dns_filter_pb.js';
import { PreviousHostsPredicateSchema } from '@tulle/xds/gen/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.js';
import { PreviousPrioritiesConfigSchema } from '@tulle/xds/gen/envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config_pb.js';
import { ProxyProtocolUpstreamTransportSchema } from '@tulle/xds/gen/envoy/extensions/transport_sockets/proxy_protocol/v3/upstream_proxy_protocol_pb.js';
import { RawBufferSchema } from '@tulle/xds/gen/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb.js';
import { SecretSchema } from '@tulle/xds/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import {
  DownstreamTlsContextSchema,
  UpstreamTlsContextSchema,
} from '@tulle/xds/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import { HttpProtocolOptionsSchema } from '@tulle/xds/gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.js';
import { WorkloadSchema } from '@tulle/xds/gen/istio/workload/workload_pb.js';
import { TypedStructSchema } from '@tulle/xds/gen/udpa/type/v1/typed_struct_pb.js';
import type { XdsType } from '@tulle/xds/resource';

/** The message of each xDS type. */
export const messages = {
  cluster: ClusterSchema,
  endpoint: ClusterLoadAssignmentSchema,
  listener: ListenerSchema,
  route: RouteConfigurationSchema,
  secret: SecretSchema,
  workload: WorkloadSchema,
} as const satisfies Record<XdsType, DescMessage>;

/** Every message that compile packs into an Any. */
export const registry = createRegistry(
  ClusterConfigSchema,
  CorsPolicySchema,
  CorsSchema,
  DnsFilterConfigSchema,
  DownstreamTlsContextSchema,
  FileAccessLogSchema,
  FilterConfigSchema,
  GrpcStatsSchema,
  GrpcWebSchema,
  HTTPFaultSchema,
  HttpConnectionManagerSchema,
  HttpInspectorSchema,
  HttpProtocolOptionsSchema,
  BandwidthLimitSchema,
  LocalRateLimitSchema,
  RateLimitSchema,
  OriginalDstSchema,
  PreviousHostsPredicateSchema,
  PreviousPrioritiesConfigSchema,
  ProxyProtocolUpstreamTransportSchema,
  RawBufferSchema,
  RouterSchema,
  StderrAccessLogSchema,
  StdoutAccessLogSchema,
  SetFilterStateSchema,
  SniForwardSchema,
  TcpProxySchema,
  ProxyProtocolSchema,
  TlsInspectorSchema,
  TypedStructSchema,
  UpstreamTlsContextSchema,
);
