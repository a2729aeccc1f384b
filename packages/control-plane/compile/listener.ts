import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { TrafficDirection } from '@tulle/xds/gen/envoy/config/core/v3/base_pb.js';
import type { FilterChainSchema } from '@tulle/xds/gen/envoy/config/listener/v3/listener_components_pb.js';
import { ListenerSchema } from '@tulle/xds/gen/envoy/config/listener/v3/listener_pb.js';
import { TlsInspectorSchema } from '@tulle/xds/gen/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.js';
import type { Origin, XdsResource } from '@tulle/xds/resource';
import { metadata } from './origins.ts';
import { any, resource } from './serialize.ts';

export type FilterChain = MessageInitShape<typeof FilterChainSchema>;

export interface ListenerParts {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly direction: TrafficDirection;
  readonly filterChains: readonly FilterChain[];
  readonly origins: readonly Origin[];
}

/** A listener; looks for TLS where a chain wants it. */
export function listener(parts: ListenerParts): XdsResource {
  const { name, address, port, direction, filterChains, origins } = parts;
  const inspect = filterChains.some(
    ({ filterChainMatch: match }) => match?.transportProtocol || match?.serverNames?.length,
  );
  const message = create(ListenerSchema, {
    name,
    address: {
      address: {
        case: 'socketAddress',
        value: { address, portSpecifier: { case: 'portValue', value: port } },
      },
    },
    filterChains: [...filterChains],
    trafficDirection: direction,
    metadata: metadata(origins),
    ...(inspect && {
      listenerFilters: [
        {
          name: 'envoy.filters.listener.tls_inspector',
          configType: { case: 'typedConfig', value: any(TlsInspectorSchema, {}) },
        },
      ],
    }),
  });
  return resource(ListenerSchema, message, origins);
}
