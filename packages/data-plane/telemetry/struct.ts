/**
 * `google.protobuf.Struct` on the wire, by hand: a proxy loads no protobuf library. Fields: Struct.fields =
 * 1 (map entries of key = 1, value = 2); Value: null = 1, number = 2, string = 3, bool = 4, struct = 5,
 * list = 6; ListValue.values = 1.
 */
export type StructValue = null | number | string | boolean | StructFields | readonly StructValue[];
export interface StructFields {
  readonly [name: string]: StructValue;
}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;
const deepest = 8;

/** Fields in sorted order: equal structs give equal bytes. */
export function encodeStruct(fields: StructFields): Buffer {
  const entries = Object.keys(fields)
    .sort()
    .map((name) => {
      const value = encodeValue(fields[name] as StructValue);
      return delimited(1, Buffer.concat([delimited(1, Buffer.from(name)), delimited(2, value)]));
    });
  return Buffer.concat(entries);
}

function encodeValue(value: StructValue): Buffer {
  if (value === null) return Buffer.from([(1 << 3) | VARINT, 0]);
  if (typeof value === 'string') return delimited(3, Buffer.from(value));
  if (typeof value === 'boolean') return Buffer.from([(4 << 3) | VARINT, value ? 1 : 0]);
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(9);
    bytes[0] = (2 << 3) | FIXED64;
    bytes.writeDoubleLE(value, 1);
    return bytes;
  }
  if (isList(value)) return delimited(6, Buffer.concat(value.map((item) => delimited(1, encodeValue(item)))));
  return delimited(5, encodeStruct(value));
}

function isList(value: StructFields | readonly StructValue[]): value is readonly StructValue[] {
  return Array.isArray(value);
}

function delimited(field: number, content: Buffer): Buffer {
  const head: number[] = [(field << 3) | BYTES];
  let length = content.length;
  for (; length > 127; length >>>= 7) head.push((length & 127) | 128);
  head.push(length);
  return Buffer.concat([Buffer.from(head), content]);
}

/**
 * The reverse, for bytes of a peer.
 *
 * @throws RangeError for anything malformed or nested too deep; the caller bounds the size
 */
export function decodeStruct(bytes: Buffer, depth = 0): StructFields {
  if (depth > deepest) throw new RangeError('nested too deep');
  // Names come from a peer: no prototype, so that `__proto__` is a name like any other.
  const fields: Record<string, StructValue> = Object.create(null);
  for (const entry of messages(bytes, 1)) {
    let name = '';
    let value: StructValue = null;
    each(entry, (field, content) => {
      if (field === 1 && Buffer.isBuffer(content)) name = content.toString();
      else if (field === 2 && Buffer.isBuffer(content)) value = decodeValue(content, depth + 1);
    });
    fields[name] = value;
  }
  return fields;
}

function decodeValue(bytes: Buffer, depth: number): StructValue {
  let value: StructValue = null;
  each(bytes, (field, content) => {
    if (field === 2 && Buffer.isBuffer(content)) value = content.readDoubleLE(0);
    else if (field === 3 && Buffer.isBuffer(content)) value = content.toString();
    else if (field === 4) value = content !== 0;
    else if (field === 5 && Buffer.isBuffer(content)) value = decodeStruct(content, depth);
    else if (field === 6 && Buffer.isBuffer(content)) {
      if (depth > deepest) throw new RangeError('nested too deep');
      value = messages(content, 1).map((item) => decodeValue(item, depth + 1));
    }
  });
  return value;
}

/** The contents of all occurrences of a delimited field. */
function messages(bytes: Buffer, wanted: number): Buffer[] {
  const found: Buffer[] = [];
  each(bytes, (field, content) => {
    if (field === wanted && Buffer.isBuffer(content)) found.push(content);
  });
  return found;
}

/** Calls back for each field: a number for varints, bytes for everything else. */
function each(bytes: Buffer, visit: (field: number, content: number | Buffer) => void): void {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 64; shift += 7) {
      const byte = bytes.readUInt8(at++);
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    throw new RangeError('varint');
  };
  const take = (length: number): Buffer => {
    if (at + length > bytes.length) throw new RangeError('past the end');
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = varint();
    const field = Math.floor(tag / 8);
    switch (tag % 8) {
      case VARINT:
        visit(field, varint());
        break;
      case FIXED64:
        visit(field, take(8));
        break;
      case BYTES:
        visit(field, take(varint()));
        break;
      case FIXED32:
        visit(field, take(4));
        break;
      default:
        throw new RangeError('wire type');
    }
  }
}
