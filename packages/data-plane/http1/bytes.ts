/** The bytes that matter to the grammar of RFC 9112 and RFC 9110 section 5.6. */
export const HTAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;

export const EMPTY: Buffer = Buffer.alloc(0);

/** 1 for the bytes of a token (RFC 9110 section 5.6.2). */
export const TOKEN = table("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

/** 1 for the bytes of a field value: visible, space, tab and obs-text. */
export const VALUE = range(0x20, 0x7e).fill(1, 0x80);
VALUE[HTAB] = 1;

/** 1 for the bytes of a request target. More than RFC 3986 allows, as browsers send it, but no `#`. */
export const TARGET = range(0x21, 0x7e);
TARGET[0x23] = 0;

/** 1 for the bytes of a Host (RFC 3986 section 3.2.2), brackets and colon included. */
export const HOST = table(
  "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._~%!$&'()*+,;=:[]",
);

/** Value of a hexadecimal digit, or 255. */
export const HEX: Uint8Array = (() => {
  const digits = new Uint8Array(256).fill(255);
  for (let value = 0; value < 16; value++) {
    const digit = value.toString(16);
    digits[digit.charCodeAt(0)] = value;
    digits[digit.toUpperCase().charCodeAt(0)] = value;
  }
  return digits;
})();

function table(characters: string): Uint8Array {
  const bytes = new Uint8Array(256);
  for (const character of characters) bytes[character.charCodeAt(0)] = 1;
  return bytes;
}

function range(from: number, to: number): Uint8Array {
  return new Uint8Array(256).fill(1, from, to + 1);
}
