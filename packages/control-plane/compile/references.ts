import { type DescMessage, fromBinary, isMessage, type Message } from '@bufbuild/protobuf';
import { reflect } from '@bufbuild/protobuf/reflect';
import { type Any, AnySchema, anyUnpack } from '@bufbuild/protobuf/wkt';
import type { Snapshot, XdsResource, XdsType } from '@tulle/xds/resource';
import { identitySecret, rootsSecret } from './config-source.ts';
import { messages, registry } from './registry.ts';

/** A name of another resource that a resource uses. */
export interface Reference {
  readonly type: XdsType;
  readonly name: string;
}

/** Fields that hold names of other resources, by message. */
const referring: Readonly<Record<string, readonly (readonly [field: string, type: XdsType])[]>> = {
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
 * Names that a snapshot uses but does not have. The identity and the roots are left out: those a proxy, or the
 * agent beside it, has by itself. Read from the bytes, so that nobody who builds messages has to remember it;
 * once per resource.
 */
export function danglingReferences(snapshot: Snapshot): readonly (Reference & { readonly from: string })[] {
  const dangling: (Reference & { from: string })[] = [];
  for (const type of Object.keys(messages) as XdsType[]) {
    for (const resource of snapshot[type].values()) {
      for (const reference of referencesOf(type, resource)) {
        const { name } = reference;
        if (reference.type === 'secret' && (name === identitySecret || name === rootsSecret)) continue;
        if (!snapshot[reference.type].has(name))
          dangling.push({ ...reference, from: `${type} ${resource.name}` });
      }
    }
  }
  return dangling;
}

const known = new WeakMap<XdsResource, readonly Reference[]>();

export function referencesOf(type: XdsType, resource: XdsResource): readonly Reference[] {
  const before = known.get(resource);
  if (before !== undefined) return before;
  const found = new Map<string, Reference>();
  const desc = messages[type];
  if (type !== 'endpoint' && type !== 'secret') visit(desc, fromBinary(desc, resource.bytes), found);
  const references = [...found.values()];
  known.set(resource, references);
  return references;
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
