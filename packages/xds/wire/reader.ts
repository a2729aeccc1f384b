/** Why bytes are not a message. Never carries content. */
export class WireError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'WireError';
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads protobuf's primitives from a part of a buffer, strictly: what is cut short, longer than its type
 * or not UTF-8 is a WireError. 64-bit integers beyond 2^53 are refused; no message that we read needs them.
 */
export class WireReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  at: number;
  end: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
    this.end = end;
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  #byte(): number {
    if (this.at >= this.end) throw new WireError('message ends inside a field');
    return this.#bytes[this.at++] as number;
  }

  /** An unsigned varint as its low and high 32 bits. */
  #varint(): [low: number, high: number] {
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte();
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) return [low >>> 0, 0];
    }
    const middle = this.#byte();
    low |= (middle & 0x0f) << 28;
    let high = (middle & 0x70) >> 4;
    if (middle < 0x80) return [low >>> 0, high];
    for (let shift = 3; shift < 32; shift += 7) {
      const byte = this.#byte();
      if (shift === 31 && byte > 1) throw new WireError('varint is longer than 64 bits');
      high |= (byte & 0x7f) << shift;
      if (byte < 0x80) return [low >>> 0, high >>> 0];
    }
    throw new WireError('varint is longer than 64 bits');
  }

  uint64(): number {
    // Nearly all are lengths and small numbers.
    if (this.at < this.end && (this.#bytes[this.at] as number) < 0x80)
      return this.#bytes[this.at++] as number;
    const [low, high] = this.#varint();
    return safe(high * 0x1_0000_0000 + low);
  }

  int64(): number {
    const [low, high] = this.#varint();
    return signed(low, high);
  }

  sint64(): number {
    const [low, high] = this.#varint();
    const half = (high >>> 1) * 0x1_0000_0000 + (((low >>> 1) | (high << 31)) >>> 0);
    return safe(low & 1 ? -half - 1 : half);
  }

  uint32(): number {
    return this.#varint()[0];
  }

  int32(): number {
    return this.#varint()[0] | 0;
  }

  sint32(): number {
    const value = this.uint32();
    return (value >>> 1) ^ -(value & 1);
  }

  bool(): boolean {
    const [low, high] = this.#varint();
    return (low | high) !== 0;
  }

  #skip(size: number): number {
    const from = this.at;
    if (size > this.end - from) throw new WireError('message ends inside a field');
    this.at = from + size;
    return from;
  }

  fixed32(): number {
    return this.#view.getUint32(this.#skip(4), true);
  }

  sfixed32(): number {
    return this.#view.getInt32(this.#skip(4), true);
  }

  fixed64(): number {
    const at = this.#skip(8);
    return safe(this.#view.getUint32(at + 4, true) * 0x1_0000_0000 + this.#view.getUint32(at, true));
  }

  sfixed64(): number {
    const at = this.#skip(8);
    return signed(this.#view.getUint32(at, true), this.#view.getUint32(at + 4, true));
  }

  float(): number {
    return this.#view.getFloat32(this.#skip(4), true);
  }

  double(): number {
    return this.#view.getFloat64(this.#skip(8), true);
  }

  /** A view of the input, not a copy. */
  bytes(): Uint8Array {
    const size = this.length();
    const from = this.#skip(size);
    return this.#bytes.subarray(from, from + size);
  }

  string(): string {
    try {
      return utf8.decode(this.bytes());
    } catch (cause) {
      if (cause instanceof WireError) throw cause;
      throw new WireError('string is not UTF-8');
    }
  }

  /** A length prefix that fits into what is left. */
  length(): number {
    const size = this.uint64();
    if (size > this.end - this.at) throw new WireError('message ends inside a field');
    return size;
  }

  /** Goes into the length-delimited value at this position: it ends there, until `leave` is called with what this returns. */
  enter(): number {
    const size = this.length();
    const { end } = this;
    this.end = this.at + size;
    return end;
  }

  /** Goes on after the value that was entered. */
  leave(end: number): void {
    this.at = this.end;
    this.end = end;
  }

  /** The number of the next field, shifted left by three, and its wire type below. */
  tag(): number {
    const tag = this.uint64();
    if (tag < 8 || tag > 0xffff_ffff) throw new WireError('field number out of range');
    return tag;
  }

  /** Steps over a field's value. Groups are gone from every proto that we know, and refused. */
  skip(type: number): void {
    if (type === 0) this.#varint();
    else if (type === 1) this.#skip(8);
    else if (type === 2) this.#skip(this.length());
    else if (type === 5) this.#skip(4);
    else throw new WireError(`wire type ${type} is not supported`);
  }
}

function safe(value: number): number {
  if (!Number.isSafeInteger(value)) throw new WireError('integer is beyond 2^53');
  return value;
}

function signed(low: number, high: number): number {
  if (high < 0x8000_0000) return safe(high * 0x1_0000_0000 + low);
  // Two's complement: negate, read as unsigned, negate.
  const negLow = (~low + 1) >>> 0;
  const negHigh = (~high + (negLow === 0 ? 1 : 0)) >>> 0;
  return safe(-(negHigh * 0x1_0000_0000 + negLow));
}
