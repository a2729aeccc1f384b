/** One value with its tag (X.690). */
export interface Element {
  readonly tag: number;
  readonly content: Buffer;
}

/** The elements that `bytes` is made of (X.690, definite lengths of at most 32 bits). */
export function elements(bytes: Buffer): Element[] {
  const found: Element[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes.readUInt8(at++);
    if ((tag & 0x1f) === 0x1f) throw new RangeError('long tag');
    let length = bytes.readUInt8(at++);
    if (length > 0x84 || length === 0x80) throw new RangeError('length');
    if (length > 0x80) {
      const octets = length - 0x80;
      length = bytes.readUIntBE(at, octets);
      at += octets;
    }
    if (at + length > bytes.length) throw new RangeError('past the end');
    found.push({ tag, content: bytes.subarray(at, at + length) });
    at += length;
  }
  return found;
}
