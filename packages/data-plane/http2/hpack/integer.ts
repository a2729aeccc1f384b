import { Http2Error } from '../protocol-error.ts';

/** A place in a header block that is being read. */
export class Cursor {
  bytes: Buffer = Buffer.alloc(0);
  at = 0;
  to = 0;
}

/**
 * A prefixed integer (RFC 7541 section 5.1) whose first octet is at `cursor.at`; moves behind it. Values
 * beyond 28 bits serve nobody and are refused, as are paddings of zero that would make it endless.
 *
 * @param mask of the prefix in the first octet
 */
export function readInteger(cursor: Cursor, mask: number): number {
  const { bytes, to } = cursor;
  let at = cursor.at;
  if (at >= to) throw new Http2Error('bad-header-block');
  let value = (bytes[at++] as number) & mask;
  if (value === mask) {
    for (let shift = 0; ; shift += 7) {
      if (at >= to || shift > 21) throw new Http2Error('bad-header-block');
      const octet = bytes[at++] as number;
      value += (octet & 0x7f) << shift;
      if (octet < 0x80) break;
    }
  }
  cursor.at = at;
  return value;
}

/** Writes `value` with `flags` above the prefix; returns the place behind it. At most 6 octets. */
export function writeInteger(
  out: Uint8Array,
  at: number,
  flags: number,
  mask: number,
  value: number,
): number {
  if (value < mask) {
    out[at] = flags | value;
    return at + 1;
  }
  out[at++] = flags | mask;
  value -= mask;
  while (value > 0x7f) {
    out[at++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  out[at] = value;
  return at + 1;
}
