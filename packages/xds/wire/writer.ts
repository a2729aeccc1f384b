const utf8 = new TextEncoder();

/** Writes protobuf's primitives into a buffer that grows. */
export class WireWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #at = 0;

  /** @param room what is likely to be enough, in bytes */
  constructor(room = 256) {
    this.#bytes = new Uint8Array(room);
    this.#view = new DataView(this.#bytes.buffer);
  }

  #room(size: number): number {
    const at = this.#at;
    if (at + size > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#bytes.length * 2, at + size));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.#at = at + size;
    return at;
  }

  #byte(value: number): void {
    // First the room: it may replace the buffer.
    const at = this.#room(1);
    this.#bytes[at] = value;
  }

  /** All written so far; a view that further writes leave alone or abandon. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  tag(number: number, type: number): void {
    this.uint64(number * 8 + type);
  }

  /** Unsigned, up to 2^53. */
  uint64(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.#byte((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.#byte(rest);
  }

  int64(value: number): void {
    if (value >= 0) this.uint64(value);
    else this.#big(BigInt.asUintN(64, BigInt(value)));
  }

  sint64(value: number): void {
    this.#big(value < 0 ? -2n * BigInt(value) - 1n : 2n * BigInt(value));
  }

  #big(value: bigint): void {
    let rest = value;
    while (rest >= 0x80n) {
      this.#byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.#byte(Number(rest));
  }

  sint32(value: number): void {
    this.uint64(((value << 1) ^ (value >> 31)) >>> 0);
  }

  fixed32(value: number): void {
    const at = this.#room(4);
    this.#view.setUint32(at, value, true);
  }

  fixed64(value: number): void {
    const at = this.#room(8);
    this.#view.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), true);
  }

  float(value: number): void {
    const at = this.#room(4);
    this.#view.setFloat32(at, value, true);
  }

  double(value: number): void {
    const at = this.#room(8);
    this.#view.setFloat64(at, value, true);
  }

  /** With its length before it. */
  bytes(value: Uint8Array): void {
    this.uint64(value.length);
    this.raw(value);
  }

  raw(value: Uint8Array): void {
    const at = this.#room(value.length);
    this.#bytes.set(value, at);
  }

  string(value: string): void {
    this.bytes(utf8.encode(value));
  }
}
