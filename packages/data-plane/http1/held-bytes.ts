import { EMPTY } from './bytes.ts';

/**
 * Bytes that arrived but can't be used yet: half a head, or more while the stream is paused. Grows by
 * doubling, so that a peer that sends single bytes costs no more than one that does not.
 */
export class HeldBytes {
  #buffer: Buffer = EMPTY;
  #from = 0;
  #to = 0;

  get length(): number {
    return this.#to - this.#from;
  }

  append(chunk: Uint8Array): void {
    const length = this.#to - this.#from;
    if (this.#to + chunk.length > this.#buffer.length) {
      const needed = length + chunk.length;
      const target =
        needed > this.#buffer.length ? Buffer.allocUnsafeSlow(Math.max(1024, needed * 2)) : this.#buffer;
      this.#buffer.copy(target, 0, this.#from, this.#to);
      this.#buffer = target;
      this.#from = 0;
      this.#to = length;
    }
    this.#buffer.set(chunk, this.#to);
    this.#to += chunk.length;
  }

  /** All that is held; valid until the next `append`. */
  view(): Buffer {
    return this.#buffer.subarray(this.#from, this.#to);
  }

  /** Takes all out; the result is the caller's. */
  take(): Buffer {
    const all = this.view();
    this.clear();
    return all;
  }

  clear(): void {
    this.#buffer = EMPTY;
    this.#from = 0;
    this.#to = 0;
  }
}
