import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { SocketAddress_Protocol } from '@tulle/xds/gen/envoy/config/core/v3/address_pb.js';
import { TrafficDirection } from '@tulle/xds/gen/envoy/config/core/v3/base_pb.js';
import { ListenerSchema } from '@tulle/xds/gen/envoy/config/listener/v3/listener_pb.js';
import type { DnsTable_DnsVirtualDomainSchema } from '@tulle/xds/gen/envoy/data/dns/v3/dns_table_pb.js';
import { DnsFilterConfigSchema } from '@tulle/xds/gen/envoy/extensions/filters/udp/dns_filter/v3/dns_filter_pb.js';
import type { XdsResource } from '@tulle/xds/resource';
import { extension } from '../messages/extension.ts';
import { any, resource } from '../messages/serialize.ts';
import { serviceNames } from '../scope/domains.ts';
import type { Scope } from '../scope/scope.ts';
import type { View } from '../scope/view.ts';

type Domain = MessageInitShape<typeof DnsTable_DnsVirtualDomainSchema>;

/** As Istio's agent answers; Envoy's least. */
const ttl = { seconds: 30n, nanos: 0 };
/** Names outside the mesh: how long asking for one may take, and how many at a time. */
const resolverTimeout = { seconds: 5n, nanos: 0 };
const maxPendingLookups = 256n;

/** The listener that answers an application's questions for names: a UDP listener with Envoy's DNS filter. */
export function dnsListener(
  view: View,
  scope: Scope,
  name: string,
  address: string,
  port: number,
): XdsResource {
  const message = create(ListenerSchema, {
    name,
    address: {
      address: {
        case: 'socketAddress',
        value: {
          protocol: SocketAddress_Protocol.UDP,
          address,
          portSpecifier: { case: 'portValue', value: port },
        },
      },
    },
    trafficDirection: TrafficDirection.OUTBOUND,
    listenerFilters: [extension('envoy.filters.udp.dns_filter', dnsFilter(view, scope))],
  });
  return resource(ListenerSchema, message, []);
}

/** Shared by the proxies of a view and scope. */
function dnsFilter(view: View, scope: Scope): Any {
  return view.once(`names ${scope.key}`, () =>
    any(DnsFilterConfigSchema, {
      statPrefix: 'dns',
      serverConfig: {
        configSource: { case: 'inlineDnsTable', value: { virtualDomains: domains(view, scope) } },
      },
      clientConfig: { resolverTimeout, maxPendingLookups },
    }),
  );
}

/** The first service of a name keeps it. */
function domains(view: View, scope: Scope): Domain[] {
  const found = new Map<string, Domain>();
  for (const service of new Set(scope.ports.map((one) => one.service))) {
    const addresses = view.config.serviceAddresses.get(service.key);
    if (addresses === undefined) continue;
    const endpoint: Domain['endpoint'] = {
      endpointConfig: { case: 'addressList', value: { address: [...addresses] } },
    };
    for (const name of serviceNames(service, view.namespace))
      if (!found.has(name)) found.set(name, { name, endpoint, answerTtl: ttl });
  }
  return [...found.values()];
}
