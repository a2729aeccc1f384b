import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { type Any, anyPack } from '@bufbuild/protobuf/wkt';
import type { Origin, XdsResource } from '@tulle/xds/resource';
import { contentHash } from './content-hash.ts';
import { rememberPacked, rememberReferences } from './references.ts';

/** Serialises a resource, once; what it stems from is told apart from the bytes too. */
export function resource<Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc> & { readonly name: string },
  origins: readonly Origin[],
): XdsResource {
  const made = named(message.name, toBinary(schema, message), origins);
  rememberReferences(made, message);
  return made;
}

export function named(name: string, bytes: Uint8Array, origins: readonly Origin[]): XdsResource {
  return { name, version: contentHash(bytes), bytes, origins: uniqueOrigins(origins) };
}

/** A message as an Any. */
export function any<Desc extends DescMessage>(schema: Desc, init: MessageInitShape<Desc>): Any {
  const message = create(schema, init);
  const packed = anyPack(schema, message);
  rememberPacked(packed, message);
  return packed;
}

/** Each resource and field once, in order of first mention. */
export function uniqueOrigins(origins: readonly Origin[]): readonly Origin[] {
  if (origins.length < 2) return origins;
  const seen = new Map<string, Origin>();
  for (const origin of origins) {
    const key = `${origin.kind}/${origin.namespace}/${origin.name}/${origin.path}`;
    if (!seen.has(key)) seen.set(key, origin);
  }
  return [...seen.values()];
}
