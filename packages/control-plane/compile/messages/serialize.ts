import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { type Any, anyPack } from '@bufbuild/protobuf/wkt';
import type { Origin, XdsResource } from '@tulle/xds/resource';
import { cached } from './cached.ts';
import { contentHash } from './content-hash.ts';
import {
  type Reference,
  referencesOf,
  rememberAssembled,
  rememberPacked,
  rememberReferences,
} from './references.ts';

/** Serialises a resource, once; what it stems from is told apart from the bytes too. */
export function resource<Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc> & { readonly name: string },
  origins: readonly Origin[],
): XdsResource {
  return resourceNamed(message.name, schema, message, origins);
}

/** The same under a name that the message does not have. */
export function resourceNamed<Desc extends DescMessage>(
  name: string,
  schema: Desc,
  message: MessageShape<Desc>,
  origins: readonly Origin[],
): XdsResource {
  const made = named(name, toBinary(schema, message), origins);
  rememberReferences(made, message);
  return made;
}

/** A message inside a resource, with its tag: serialised once for all resources that have it. */
interface Part {
  readonly field: Uint8Array;
  readonly references: readonly Reference[];
}

const parts = new WeakMap<object, Part>();

function partOf<Desc extends DescMessage>(schema: Desc, init: MessageInitShape<Desc>, number: number): Part {
  return cached(parts, init, () => {
    const message = create(schema, init);
    const field = new BinaryWriter().tag(number, WireType.LengthDelimited).bytes(toBinary(schema, message));
    return { field: field.finish(), references: referencesOf(message) };
  });
}

/**
 * A resource most of which is one repeated field, of messages that other resources have too, before and after a
 * change. Fields may come in any order.
 * @param number of the field that `items` are of
 */
export function assembled<Desc extends DescMessage, Item extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc> & { readonly name: string },
  repeated: {
    readonly number: number;
    readonly schema: Item;
    readonly items: readonly MessageInitShape<Item>[];
  },
  origins: readonly Origin[],
): XdsResource {
  const made = repeated.items.map((item) => partOf(repeated.schema, item, repeated.number));
  const bytes = joined([toBinary(schema, message), ...made.map(({ field }) => field)]);
  const resource = named(message.name, bytes, origins);
  rememberAssembled(
    resource,
    message,
    made.map(({ references }) => references),
  );
  return resource;
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** Its version is the hash of its bytes: what is equal is not sent again. */
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
