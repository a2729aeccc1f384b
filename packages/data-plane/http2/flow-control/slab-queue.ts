import { EMPTY } from '../../http1/bytes.ts';

const slabBytes = 16 * 1024;
/** Kept for the next one who has to wait: 4 MiB. */
const mostFree = 256;
const free: Buffer[] = [];

/**
 * Bytes that wait, first in first out, in slabs that are used again: a fast sender and a slow reader cost no
 * garbage, and single bytes no more than their slab.
 *
 * ```
 *   [····xxxx] [xxxxxxxx] [xxx·····]
 *        ▲ #from               ▲ #to
 * ```
 */
export class SlabQueue {
  readonly #slabs: Buffer[] = [];
  #from = 0;
  #to = slabBytes;
  length = 0;

  append(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#to === slabBytes) {
        this.#slabs.push(free.pop() ?? Buffer.allocUnsafeSlow(slabBytes));
        this.#to = 0;
      }
      const take = Math.min(slabBytes - this.#to, chunk.length - at);
      chunk.copy(this.#slabs[this.#slabs.length - 1] as Buffer, this.#to, at, at + take);
      this.#to += take;
      at += take;
    }
    this.length += chunk.length;
  }

  /** The first part of what waits; valid until `drop`. */
  peek(): Buffer {
    const slab = this.#slabs[0];
    if (slab === undefined) return EMPTY;
    return slab.subarray(this.#from, this.#slabs.length === 1 ? this.#to : slabBytes);
  }

  /** The first `length` bytes, not beyond what `peek` shows, are done with. */
  drop(length: number): void {
    this.#from += length;
    this.length -= length;
    if (this.length > 0 && this.#from < slabBytes) return;
    if (this.#slabs.length > 0) this.#release(this.#slabs.shift() as Buffer);
    this.#from = 0;
    if (this.#slabs.length === 0) this.#to = slabBytes;
  }

  clear(): void {
    for (const slab of this.#slabs) this.#release(slab);
    this.#slabs.length = 0;
    this.#from = 0;
    this.#to = slabBytes;
    this.length = 0;
  }

  #release(slab: Buffer): void {
    if (free.length < mostFree) free.push(slab);
  }
}
