import { CR, HEX, LF, SEMICOLON, TOKEN, VALUE } from '../bytes.ts';
import type { Http1Limits } from '../limits.ts';
import { Http1Error } from '../protocol-error.ts';

const State = {
  FirstDigit: 0,
  Digits: 1,
  NameStart: 2,
  Name: 3,
  ValueStart: 4,
  Value: 5,
  Quoted: 6,
  Escaped: 7,
  QuotedEnd: 8,
  LineFeed: 9,
} as const;
type State = (typeof State)[keyof typeof State];

const mostDigits = 16;
const largest = 2 ** 48;
const EQUALS = 0x3d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * The line before a chunk: `size *( ";" name [ "=" ( token | quoted-string ) ] ) CRLF` (RFC 9112 section
 * 7.1), without the bad white space that the grammar tolerates. Extensions are checked and dropped.
 */
export class ChunkSizeLine {
  /** Of the chunk, once `read` has seen the line's end. */
  size = 0;
  /** The line is complete. */
  done = false;
  #state: State = State.FirstDigit;
  #digits = 0;
  #extensionBytes = 0;

  /** For a new message. */
  reset(): void {
    this.#extensionBytes = 0;
    this.next();
  }

  /** For the next chunk of the same message. */
  next(): void {
    this.size = 0;
    this.done = false;
    this.#state = State.FirstDigit;
    this.#digits = 0;
  }

  /**
   * Reads from `bytes[at]` to the line's end or the end of `bytes`; returns the index after what was read.
   *
   * @throws Http1Error
   */
  read(bytes: Buffer, at: number, limits: Http1Limits): number {
    for (; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      if (this.#state > State.Digits && this.#state < State.LineFeed) {
        if (++this.#extensionBytes > limits.maxChunkExtensionBytes)
          throw new Http1Error('extensions-too-large');
      }
      switch (this.#state) {
        case State.FirstDigit: // → Digits
        case State.Digits: // → NameStart | LineFeed
          if (HEX[byte] !== 255) this.#digit(HEX[byte] as number);
          else if (this.#digits === 0) throw new Http1Error('bad-chunk-size');
          else if (byte === CR) this.#state = State.LineFeed;
          else if (byte === SEMICOLON) this.#state = State.NameStart;
          else throw new Http1Error('bad-chunk-size');
          break;
        case State.NameStart: // → Name
          if (TOKEN[byte] !== 1) throw new Http1Error('bad-chunk-extension');
          this.#state = State.Name;
          break;
        case State.Name: // → ValueStart | NameStart | LineFeed
          if (TOKEN[byte] === 1) break;
          if (byte === EQUALS) this.#state = State.ValueStart;
          else this.#afterValue(byte);
          break;
        case State.ValueStart: // → Value | Quoted
          if (byte === QUOTE) this.#state = State.Quoted;
          else if (TOKEN[byte] === 1) this.#state = State.Value;
          else throw new Http1Error('bad-chunk-extension');
          break;
        case State.Value: // → NameStart | LineFeed
          if (TOKEN[byte] !== 1) this.#afterValue(byte);
          break;
        case State.Quoted: // → Escaped | QuotedEnd
          if (byte === QUOTE) this.#state = State.QuotedEnd;
          else if (byte === BACKSLASH) this.#state = State.Escaped;
          else if (VALUE[byte] !== 1) throw new Http1Error('bad-chunk-extension');
          break;
        case State.Escaped: // → Quoted
          if (VALUE[byte] !== 1) throw new Http1Error('bad-chunk-extension');
          this.#state = State.Quoted;
          break;
        case State.QuotedEnd: // → NameStart | LineFeed
          this.#afterValue(byte);
          break;
        case State.LineFeed:
          if (byte !== LF) throw new Http1Error('bad-line-end');
          this.done = true;
          return at + 1;
      }
    }
    return at;
  }

  #digit(value: number): void {
    this.size = this.size * 16 + value;
    this.#state = State.Digits;
    if (++this.#digits > mostDigits || this.size > largest) throw new Http1Error('bad-chunk-size');
  }

  #afterValue(byte: number): void {
    if (byte === CR) this.#state = State.LineFeed;
    else if (byte === SEMICOLON) this.#state = State.NameStart;
    else throw new Http1Error('bad-chunk-extension');
  }
}
