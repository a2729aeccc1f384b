/** google.protobuf.Struct, Value and ListValue ⇔ JSON. */
import type { JsonObject, JsonValue } from '../json.ts';
import { WireError, type WireReader } from './reader.ts';
import { WireWriter } from './writer.ts';

const deepest = 64;

/** Reads a Struct's fields up to `reader.end` into `into`. */
export function readStruct(reader: WireReader, into: JsonObject, depth: number): JsonObject {
  eachField(reader, depth, (number, type) => {
    if (number !== 1 || type !== 2) throw new WireError('not a Struct');
    within(reader, () => {
      let key = '';
      let value: JsonValue = null;
      eachField(reader, depth, (entry, entryType) => {
        if (entryType !== 2 || entry > 2) throw new WireError('not a Struct');
        if (entry === 1) key = reader.string();
        else value = within(reader, () => readValue(reader, depth + 1));
      });
      into[key] = value;
    });
  });
  return into;
}

/** An object without prototype, so that no key means anything. */
export const emptyStruct = (): JsonObject => Object.create(null) as JsonObject;

function readValue(reader: WireReader, depth: number): JsonValue {
  let value: JsonValue = null;
  eachField(reader, depth, (number, type) => {
    if (number === 1 && type === 0) {
      reader.int32();
      value = null;
    } else if (number === 2 && type === 1) value = reader.double();
    else if (number === 3 && type === 2) value = reader.string();
    else if (number === 4 && type === 0) value = reader.bool();
    else if (number === 5 && type === 2) {
      const into = isObject(value) ? value : emptyStruct();
      value = within(reader, () => readStruct(reader, into, depth + 1));
    } else if (number === 6 && type === 2) {
      const list: JsonValue[] = Array.isArray(value) ? value : [];
      value = list;
      within(reader, () =>
        eachField(reader, depth, (item, itemType) => {
          if (item !== 1 || itemType !== 2) throw new WireError('not a ListValue');
          list.push(within(reader, () => readValue(reader, depth + 1)));
        }),
      );
    } else throw new WireError('not a Value');
  });
  return value;
}

const isObject = (value: JsonValue): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function eachField(reader: WireReader, depth: number, read: (number: number, type: number) => void): void {
  if (depth > deepest) throw new WireError('message is nested too deeply');
  while (!reader.done) {
    const tag = reader.tag();
    read(tag >>> 3, tag & 7);
  }
}

/** Runs `read` on the length-delimited value at the reader's position. */
function within<T>(reader: WireReader, read: () => T): T {
  const end = reader.enter();
  const value = read();
  reader.leave(end);
  return value;
}

/** google.protobuf.Struct; fields in the order that they have. */
export function writeStruct(value: JsonObject): Uint8Array {
  const writer = new WireWriter();
  for (const [key, field] of Object.entries(value)) {
    const entry = new WireWriter();
    entry.tag(1, 2);
    entry.string(key);
    entry.tag(2, 2);
    entry.bytes(writeValue(field));
    writer.tag(1, 2);
    writer.bytes(entry.finish());
  }
  return writer.finish();
}

function writeValue(value: JsonValue): Uint8Array {
  const writer = new WireWriter();
  if (value === null) {
    writer.tag(1, 0);
    writer.uint64(0);
  } else if (typeof value === 'number') {
    writer.tag(2, 1);
    writer.double(value);
  } else if (typeof value === 'string') {
    writer.tag(3, 2);
    writer.string(value);
  } else if (typeof value === 'boolean') {
    writer.tag(4, 0);
    writer.uint64(value ? 1 : 0);
  } else if (Array.isArray(value)) {
    const list = new WireWriter();
    for (const item of value) {
      list.tag(1, 2);
      list.bytes(writeValue(item));
    }
    writer.tag(6, 2);
    writer.bytes(list.finish());
  } else {
    writer.tag(5, 2);
    writer.bytes(writeStruct(value));
  }
  return writer.finish();
}
