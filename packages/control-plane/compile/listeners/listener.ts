import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { TrafficDirection } from '@tulle/xds/gen/envoy/config/core/v3/base_pb.js';
import type { FilterChainSchema } from '@tulle/xds/gen/envoy/config/listener/v3/listener_components_pb.js';
import { ListenerSchema } from '@tulle/xds/gen/envoy/config/listener/v3/listener_pb.js';
import { HttpInspectorSchema } from '@tulle/xds/gen/envoy/extensions/filters/listener/http_inspector/v3/http_inspector_pb.js';
import { OriginalDstSchema } from '@tulle/xds/gen/envoy/extensions/filters/listener/original_dst/v3/original_dst_pb.js';
import { ProxyProtocolSchema } from '@tulle/xds/gen/envoy/extensions/filters/listener/proxy_protocol/v3/proxy_protocol_pb.js';
import { TlsInspectorSchema } from '@tulle/xds/gen/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.js';
import type { Origin, XdsResource } from '@tulle/xds/resource';
import { addressOf } from '../messages/address.ts';
import { extension } from '../messages/extension.ts';
import { metadata } from '../messages/origins.ts';
import { any, resource } from '../messages/serialize.ts';

export type Duration = { readonly seconds: bigint; readonly nanos: number };
export type FilterChain = MessageInitShape<typeof FilterChainSchema>;

export interface ListenerParts {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly direction: TrafficDirection;
  readonly filterChains: readonly FilterChain[];
  readonly origins: readonly Origin[];
  /** For connections that no chain matches. */
  readonly defaultFilterChain?: FilterChain;
  /** Connections are redirected here: `restore` where they were going, or also hand them off to its listener. */
  readonly redirected?: 'restore' | 'hand-off';
  /** Connections begin with a PROXY header. */
  readonly proxyProtocol?: boolean;
  /** Only serves what redirected listeners hand off. */
  readonly unbound?: true;
  /** Clients that say nothing for so long get the default chain; Envoy's 15 s and no chain without. */
  readonly inspectFor?: Duration;
}

const originalDst = extension('envoy.filters.listener.original_dst', any(OriginalDstSchema, {}));
const proxyProtocol = extension('envoy.filters.listener.proxy_protocol', any(ProxyProtocolSchema, {}));
const tlsInspector = extension('envoy.filters.listener.tls_inspector', any(TlsInspectorSchema, {}));
const httpInspector = extension('envoy.filters.listener.http_inspector', any(HttpInspectorSchema, {}));

/** A listener; looks for TLS and HTTP where a chain wants it. */
export function listener(parts: ListenerParts): XdsResource {
  const {
    name,
    address,
    port,
    direction,
    filterChains,
    origins,
    defaultFilterChain,
    redirected,
    inspectFor,
  } = parts;
  const matches = filterChains.flatMap(({ filterChainMatch }) => filterChainMatch ?? []);
  const inspectTls = matches.some((match) => match.transportProtocol || match.serverNames?.length);
  const inspectHttp = matches.some(
    (match) => match.transportProtocol !== 'tls' && match.applicationProtocols?.length,
  );
  const message = create(ListenerSchema, {
    name,
    address: addressOf(address, port),
    filterChains: [...filterChains],
    trafficDirection: direction,
    metadata: metadata(origins),
    ...(defaultFilterChain && { defaultFilterChain }),
    ...(parts.unbound && { bindToPort: false }),
    ...(redirected === 'hand-off' && { useOriginalDst: true }),
    listenerFilters: [
      ...(parts.proxyProtocol ? [proxyProtocol] : []),
      ...(redirected === 'restore' ? [originalDst] : []),
      ...(inspectTls ? [tlsInspector] : []),
      ...(inspectHttp ? [httpInspector] : []),
    ],
    ...(inspectFor && { listenerFiltersTimeout: inspectFor, continueOnListenerFiltersTimeout: true }),
  });
  return resource(ListenerSchema, message, origins);
}
