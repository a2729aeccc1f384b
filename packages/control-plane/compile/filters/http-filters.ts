import type { JsonObject, MessageInitShape } from '@bufbuild/protobuf';
import { CorsSchema } from '@tulle/xds/gen/envoy/extensions/filters/http/cors/v3/cors_pb.js';
import { FilterConfigSchema } from '@tulle/xds/gen/envoy/extensions/filters/http/dynamic_forward_proxy/v3/dynamic_forward_proxy_pb.js';
import { HTTPFaultSchema } from '@tulle/xds/gen/envoy/extensions/filters/http/fault/v3/fault_pb.js';
import { FilterConfigSchema as GrpcStatsSchema } from '@tulle/xds/gen/envoy/extensions/filters/http/grpc_stats/v3/config_pb.js';
import { GrpcWebSchema } from '@tulle/xds/gen/envoy/extensions/filters/http/grpc_web/v3/grpc_web_pb.js';
import { RouterSchema } from '@tulle/xds/gen/envoy/extensions/filters/http/router/v3/router_pb.js';
import type { HttpFilterSchema } from '@tulle/xds/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { TypedStructSchema } from '@tulle/xds/gen/udpa/type/v1/typed_struct_pb.js';
import { dnsCache } from '../clusters/outbound-cluster.ts';
import { cachedByName } from '../messages/cached.ts';
import { extension } from '../messages/extension.ts';
import { any } from '../messages/serialize.ts';
import type { Engine } from '../proxy.ts';
import { corsFilterName, faultFilterName } from '../routes/route-filters.ts';

export type HttpFilter = MessageInitShape<typeof HttpFilterSchema>;

/** On which side of which proxy a manager stands. */
export type Side = 'inbound' | 'outbound' | 'gateway';

/**
 * The HTTP filters in Istio's order. Plain Envoy lacks peer metadata and Istio's metrics; in return it needs a
 * filter for hosts that requests name.
 */
export function httpFilters(
  side: Side,
  engine: Engine,
  grpcWeb: boolean,
  tokens: readonly HttpFilter[] = [],
  limits: readonly HttpFilter[] = [],
): HttpFilter[] {
  const filters = cachedByName(made, `${side} ${engine}`, () => make(side, engine));
  const place = (after: ReadonlySet<string>): number => filters.findIndex(({ name = '' }) => after.has(name));
  const [authn, limited] = [place(afterTokens), place(afterLimits)];
  return [
    ...(grpcWeb ? [grpcWebFilter] : []),
    ...filters.slice(0, authn),
    ...tokens,
    ...filters.slice(authn, limited),
    ...limits,
    ...filters.slice(limited),
  ];
}

/** What stands behind limits: nothing but who watches and who sends. */
const afterLimits: ReadonlySet<string> = new Set([
  'istio.stats',
  'envoy.filters.http.dynamic_forward_proxy',
  'envoy.filters.http.router',
]);

/** What stands behind the filter of tokens: faults and all else is for requests that are let in. */
const afterTokens: ReadonlySet<string> = new Set([faultFilterName, ...afterLimits]);

const made = new Map<string, HttpFilter[]>();

function make(side: Side, engine: Engine): HttpFilter[] {
  const router: HttpFilter = extension('envoy.filters.http.router', any(RouterSchema, {}));
  if (engine === 'envoy')
    return side === 'inbound' ? [grpcStats, router] : [grpcStats, fault, cors, dynamicForwardProxy, router];
  return [
    grpcStats,
    typedStruct(
      'envoy.filters.http.peer_metadata',
      'type.googleapis.com/io.istio.http.peer_metadata.Config',
      peerMetadata[side],
    ),
    ...(side === 'inbound' ? [] : [fault, cors]),
    typedStruct('istio.stats', 'type.googleapis.com/stats.PluginConfig', stats[side]),
    router,
  ];
}

/** What routes say, and nothing else. */
const fault: HttpFilter = extension(faultFilterName, any(HTTPFaultSchema, {}));
const cors: HttpFilter = extension(corsFilterName, any(CorsSchema, {}));

/** Browsers' gRPC becomes gRPC: on ports that say so, as Istio. */
const grpcWebFilter: HttpFilter = extension('envoy.filters.http.grpc_web', any(GrpcWebSchema, {}));

/** Messages of gRPC calls, for metrics; as Istio sets it. */
const grpcStats: HttpFilter = extension(
  'envoy.filters.http.grpc_stats',
  any(GrpcStatsSchema, {
    emitFilterState: true,
    perMethodStatSpecifier: { case: 'statsForAllMethods', value: { value: false } },
  }),
);

const dynamicForwardProxy: HttpFilter = extension(
  'envoy.filters.http.dynamic_forward_proxy',
  any(FilterConfigSchema, { implementationSpecifier: { case: 'dnsCacheConfig', value: dnsCache } }),
);

/** From whom the peer's metadata is learnt and to whom ours is told; never to hosts outside the mesh. */
const peerMetadata: Readonly<Record<Side, JsonObject>> = {
  inbound: {
    downstream_discovery: [{ istio_headers: {} }, { workload_discovery: {} }],
    downstream_propagation: [{ istio_headers: {} }],
  },
  outbound: {
    upstream_discovery: [{ istio_headers: {} }, { workload_discovery: {} }],
    upstream_propagation: [{ istio_headers: { skip_external_clusters: true } }],
  },
  gateway: {
    upstream_discovery: [{ istio_headers: {} }, { workload_discovery: {} }],
    upstream_propagation: [{ istio_headers: { skip_external_clusters: true } }],
  },
};

/** The client's Host names the destination only where it is the mesh's own choice. */
const stats: Readonly<Record<Side, JsonObject>> = {
  inbound: { disable_host_header_fallback: true },
  outbound: {},
  gateway: { disable_host_header_fallback: true },
};

export function typedStruct(name: string, typeUrl: string, value: JsonObject): HttpFilter {
  return extension(name, any(TypedStructSchema, { typeUrl, value }));
}
