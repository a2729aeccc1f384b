/** The few ASN.1 DER forms (X.690) that a certificate request is made of. */

const tags = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Tag, length, content. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content]);
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer => der(tags.sequence, ...parts);
export const set = (...parts: readonly Uint8Array[]): Buffer => der(tags.set, ...parts);
export const octetString = (content: Uint8Array): Buffer => der(tags.octetString, content);

/** Whole bytes: no unused bits. */
export const bitString = (content: Uint8Array): Buffer => der(tags.bitString, Buffer.from([0]), content);

/** 0 to 127. */
export const smallInteger = (value: number): Buffer => der(tags.integer, Buffer.from([value]));

/** Context-specific, constructed `[n]`. */
export const context = (n: number, ...parts: readonly Uint8Array[]): Buffer => der(0xa0 | n, ...parts);

/** Context-specific, primitive `[n]`, holding text. */
export const contextText = (n: number, text: string): Buffer => der(0x80 | n, Buffer.from(text, 'latin1'));

/** `1.2.840.10045.4.3.2`. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return der(tags.oid, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const groups = [value & 0x7f];
  for (let left = Math.floor(value / 128); left > 0; left = Math.floor(left / 128))
    groups.unshift((left & 0x7f) | 0x80);
  return groups;
}

/** Short form below 128, else the number of length bytes and the length. */
function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes: number[] = [];
  for (let left = length; left > 0; left = Math.floor(left / 256)) bytes.unshift(left & 0xff);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}
