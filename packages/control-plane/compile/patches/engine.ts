import type { DescMessage, Message } from '@bufbuild/protobuf';
import { type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect';
import { type Any, AnySchema } from '@bufbuild/protobuf/wkt';
import { type Messages, messages } from '@tulle/xds/gen/readers.js';
import { typeNameOf, unpacked } from './any.ts';

/** What our own proxy makes of a patch's value. */
export interface Reading {
  /** What it would refuse, with the place: `typed_config.foo: …`. */
  readonly refused: readonly string[];
  /** Fields that it knows to be harmless, and does nothing with. */
  readonly ignored: readonly string[];
}

/** Which packed messages it looks for, by the message that holds them: packages. */
const slots: Readonly<Record<string, string>> = {
  'envoy.config.listener.v3.ListenerFilter': 'envoy.extensions.filters.listener.',
  'envoy.config.listener.v3.Filter': 'envoy.extensions.filters.network.',
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter': 'envoy.extensions.filters.http.',
  'envoy.config.core.v3.TransportSocket': 'envoy.extensions.transport_sockets.',
  'envoy.config.accesslog.v3.AccessLog': 'envoy.extensions.access_loggers.',
  'envoy.config.route.v3.VirtualHost': 'envoy.extensions.filters.http.',
  'envoy.config.route.v3.Route': 'envoy.extensions.filters.http.',
  'envoy.config.route.v3.WeightedCluster.ClusterWeight': 'envoy.extensions.filters.http.',
  'envoy.config.route.v3.RetryPolicy.RetryHostPredicate': 'envoy.extensions.retry.host.',
  'envoy.config.cluster.v3.Cluster': 'envoy.extensions.upstreams.http.',
  'envoy.config.cluster.v3.Cluster.CustomClusterType': 'envoy.extensions.clusters.',
  'envoy.config.core.v3.TypedExtensionConfig': 'envoy.extensions.load_balancing_policies.',
};

/** Our proxy reads what `xds/proxy-messages.ts` lists, and refuses every other field that is set. */
export function readByOurs(desc: DescMessage, message: Message): Reading {
  const reading = { refused: [] as string[], ignored: [] as string[] };
  visit(reflect(desc, message, false), '', reading);
  return reading;
}

interface Draft {
  readonly refused: string[];
  readonly ignored: string[];
}

function visit(message: ReflectMessage, path: string, found: Draft): void {
  const { typeName } = message.desc;
  if (typeName.startsWith('google.protobuf.')) return;
  const table = messages[typeName as keyof Messages];
  if (table === undefined) {
    found.refused.push(`${path === '' ? '' : `${path}: `}it has no ${typeName}`);
    return;
  }
  const ignored = new Set(table.ignored);
  for (const field of message.fields) {
    if (!message.isSet(field)) continue;
    const at = path === '' ? field.name : `${path}.${field.name}`;
    if (ignored.has(field.number)) {
      // What an extension is called has a meaning for people only.
      if (field.name !== 'name') found.ignored.push(at);
    } else if (table.unsupported[field.number] !== undefined)
      found.refused.push(`${at}: it has no such field`);
    else if (field.fieldKind === 'message') inner(typeName, message.get(field), at, found);
    else if (field.fieldKind === 'list' && field.listKind === 'message')
      [...message.get(field)].forEach((item, index) => {
        inner(typeName, item as ReflectMessage, `${at}[${index}]`, found);
      });
    else if (field.fieldKind === 'map' && field.mapKind === 'message')
      for (const [key, item] of message.get(field))
        inner(typeName, item as ReflectMessage, `${at}.${key}`, found);
  }
}

function inner(holder: string, message: ReflectMessage, path: string, found: Draft): void {
  if (message.desc.typeName !== AnySchema.typeName) {
    visit(message, path, found);
    return;
  }
  const any = message.message as Any;
  const content = unpacked(any);
  const name = typeNameOf(any.typeUrl);
  const struct = content?.message as { readonly typeUrl?: string } | undefined;
  if (name === 'xds.type.v3.TypedStruct' || name === 'udpa.type.v1.TypedStruct')
    found.refused.push(`${path}: it has no ${typeNameOf(struct?.typeUrl ?? '')}`);
  else if (content === undefined || !name.startsWith(slots[holder] ?? '-') || !(name in messages))
    found.refused.push(`${path}: it has no ${name}`);
  else visit(reflect(content.desc, content.message, false), path, found);
}
