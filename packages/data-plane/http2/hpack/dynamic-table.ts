import type { Field } from './field.ts';

/**
 * The dynamic table of a decoder (RFC 7541 section 2.3.2): a ring, newest last.
 *
 * ```
 *   [ 3rd newest | 2nd newest | newest | free … | oldest … ]
 *                                  ▲ #next - 1
 * ```
 */
export class DynamicTable {
  #ring: (Field | undefined)[] = [];
  #next = 0;
  #count = 0;
  #size = 0;
  #maxSize: number;
  /** Changes whenever an index comes to mean something else. */
  generation = 0;

  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  get count(): number {
    return this.#count;
  }

  get size(): number {
    return this.#size;
  }

  /** The newest has index 0; undefined: there is none. */
  get(index: number): Field | undefined {
    if (index >= this.#count) return undefined;
    return this.#ring[(this.#next - 1 - index) & (this.#ring.length - 1)];
  }

  /** Makes room first; a field larger than the table empties it (RFC 7541 section 4.4). */
  insert(field: Field): void {
    this.generation++;
    this.#evict(this.#maxSize - field.size);
    if (field.size > this.#maxSize) return;
    if (this.#count === this.#ring.length) this.#enlarge();
    this.#ring[this.#next] = field;
    this.#next = (this.#next + 1) & (this.#ring.length - 1);
    this.#count++;
    this.#size += field.size;
  }

  resize(maxSize: number): void {
    this.generation++;
    this.#maxSize = maxSize;
    this.#evict(maxSize);
  }

  #evict(size: number): void {
    while (this.#size > size && this.#count > 0) {
      const oldest = (this.#next - this.#count) & (this.#ring.length - 1);
      this.#size -= this.#ring[oldest]?.size ?? 0;
      this.#ring[oldest] = undefined;
      this.#count--;
    }
  }

  #enlarge(): void {
    const larger: (Field | undefined)[] = new Array(Math.max(16, this.#ring.length * 2)).fill(undefined);
    for (let index = 0; index < this.#count; index++) larger[this.#count - 1 - index] = this.get(index);
    this.#next = this.#count;
    this.#ring = larger;
  }
}
