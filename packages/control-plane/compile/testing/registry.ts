import type { DescMessage } from '@bufbuild/protobuf';
import { ClusterSchema } from '@tulle/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import { ClusterLoadAssignmentSchema } from '@tulle/xds/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { ListenerSchema } from '@tulle/xds/gen/envoy/config/listener/v3/listener_pb.js';
import { VirtualHostSchema } from '@tulle/xds/gen/envoy/config/route/v3/route_components_pb.js';
import { RouteConfigurationSchema } from '@tulle/xds/gen/envoy/config/route/v3/route_pb.js';
import { SecretSchema } from '@tulle/xds/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import { WorkloadSchema } from '@tulle/xds/gen/istio/workload/workload_pb.js';
import type { XdsType } from '@tulle/xds/resource';

/** Every message that compile may pack into an Any. */
export { registry } from '@tulle/xds/gen/registry.js';

/** The message of each xDS type. */
export const messages = {
  cluster: ClusterSchema,
  endpoint: ClusterLoadAssignmentSchema,
  listener: ListenerSchema,
  route: RouteConfigurationSchema,
  virtualHost: VirtualHostSchema,
  secret: SecretSchema,
  workload: WorkloadSchema,
} as const satisfies Record<XdsType, DescMessage>;
