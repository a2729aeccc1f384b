/** What a table of streams needs to know of one. */
interface Numbered {
  readonly id: number;
}

/**
 * Open streams by identifier: open addressing over one array. Identifiers of one side are every second
 * number and close together, so their halves hardly ever meet.
 *
 * Not a Map: when a Map that changes all the time makes itself a new table, the old one refers to the new
 * one. Once promoted, such a chain keeps every stream since alive until the next full collection (measured:
 * six in ten bytes survived each scavenge, and collecting took a quarter of all time).
 */
export class StreamTable<Stream extends Numbered> {
  #slots: (Stream | undefined)[] = new Array(16).fill(undefined);
  #mask = 15;
  size = 0;

  get(id: number): Stream | undefined {
    const slots = this.#slots;
    for (let at = (id >>> 1) & this.#mask; ; at = (at + 1) & this.#mask) {
      const stream = slots[at];
      if (stream === undefined || stream.id === id) return stream;
    }
  }

  /** A stream that is not in the table yet. */
  add(stream: Stream): void {
    // Half of the slots stay free, so that searches are short and end.
    if (this.size * 2 >= this.#slots.length) this.#enlarge();
    this.#put(stream);
    this.size++;
  }

  delete(id: number): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let hole = (id >>> 1) & mask;
    for (; slots[hole]?.id !== id; hole = (hole + 1) & mask) {
      if (slots[hole] === undefined) return;
    }
    this.size--;
    // What was moved on because of this one moves back, so that no search ends at the hole too early.
    for (let at = (hole + 1) & mask; slots[at] !== undefined; at = (at + 1) & mask) {
      const stream = slots[at] as Stream;
      const home = (stream.id >>> 1) & mask;
      if (((at - home) & mask) >= ((at - hole) & mask)) {
        slots[hole] = stream;
        hole = at;
      }
    }
    slots[hole] = undefined;
  }

  all(): Stream[] {
    return this.#slots.filter((stream) => stream !== undefined);
  }

  #put(stream: Stream): void {
    let at = (stream.id >>> 1) & this.#mask;
    while (this.#slots[at] !== undefined) at = (at + 1) & this.#mask;
    this.#slots[at] = stream;
  }

  #enlarge(): void {
    const streams = this.all();
    this.#slots = new Array(this.#slots.length * 2).fill(undefined);
    this.#mask = this.#slots.length - 1;
    for (const stream of streams) this.#put(stream);
  }
}
