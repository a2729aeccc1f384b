import { type DescMessage, fromBinary, isMessage, type Message } from '@bufbuild/protobuf';
import { reflect } from '@bufbuild/protobuf/reflect';
import { type Any, AnySchema, anyUnpack } from '@bufbuild/protobuf/wkt';
import type { Snapshot, XdsResource, XdsType } from '@tulle/xds/resource';
import type { Reference } from '../messages/references.ts';
import { isOfProxy } from '../tls/secrets.ts';
import { messages, registry } from './registry.ts';

/** Fields that hold names of other resources, by message. */
const referring: Readonly<Record<string, readonly (readonly [field: string, type: Reference['type']])[]>> = {
  'envoy.config.route.v3.RouteAction': [['cluster', 'cluster']],
  'envoy.config.route.v3.RouteAction.RequestMirrorPolicy': [['cluster', 'cluster']],
  'envoy.config.route.v3.WeightedCluster.ClusterWeight': [['name', 'cluster']],
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy': [['cluster', 'cluster']],
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.WeightedCluster.ClusterWeight': [
    ['name', 'cluster'],
  ],
  'envoy.extensions.filters.network.http_connection_manager.v3.Rds': [['route_config_name', 'route']],
  'envoy.config.cluster.v3.Cluster.EdsClusterConfig': [['service_name', 'endpoint']],
  'envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig': [['name', 'secret']],
};

/**
 * Names that a snapshot uses but does not have, read from its bytes: tests hold compile's own check
 * (`references.ts`), which looks at the messages as they are made, against this one.
 */
export function danglingInBytes(snapshot: Snapshot): readonly (Reference & { readonly from: string })[] {
  const dangling: (Reference & { from: string })[] = [];
  for (const type of Object.keys(messages) as XdsType[]) {
    for (const resource of snapshot[type].values()) {
      for (const reference of referencesInBytes(type, resource)) {
        const { name } = reference;
        if (reference.type === 'secret' && isOfProxy(name)) continue;
        if (!snapshot[reference.type].has(name))
          dangling.push({ ...reference, from: `${type} ${resource.name}` });
      }
    }
  }
  return dangling;
}

function referencesInBytes(type: XdsType, resource: XdsResource): readonly Reference[] {
  const found = new Map<string, Reference>();
  const desc = messages[type];
  if (type !== 'endpoint' && type !== 'secret') visit(desc, fromBinary(desc, resource.bytes), found);
  return [...found.values()];
}

function visit(desc: DescMessage, message: Message, found: Map<string, Reference>): void {
  if (isMessage(message, AnySchema)) {
    visitAny(message, found);
    return;
  }
  const fields = reflect(desc, message, false);
  for (const field of desc.fields) {
    if (!fields.isSet(field)) continue;
    if (field.fieldKind === 'message') visit(field.message, fields.get(field).message, found);
    else if (field.fieldKind === 'list' && field.listKind === 'message')
      for (const item of fields.get(field))
        visit(field.message, (item as { message: Message }).message, found);
    else if (field.fieldKind === 'map' && field.mapKind === 'message')
      for (const item of fields.get(field).values())
        visit(field.message, (item as { message: Message }).message, found);
    else {
      const type = referring[desc.typeName]?.find(([name]) => name === field.name)?.[1];
      if (type === undefined) continue;
      const name = String(fields.get(field));
      found.set(`${type} ${name}`, { type, name });
    }
  }
}

function visitAny(message: Any, found: Map<string, Reference>): void {
  const inner = anyUnpack(message, registry);
  const desc = inner && registry.getMessage(inner.$typeName);
  if (inner === undefined || desc === undefined)
    throw new Error(`compile packs an unregistered ${message.typeUrl}`);
  visit(desc, inner, found);
}
