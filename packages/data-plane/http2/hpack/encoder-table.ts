/** An entry of the encoder's table; `number` counts insertions from 1. */
interface Entry {
  readonly name: KnownName;
  readonly value: string;
  readonly size: number;
  readonly number: number;
}

/** Values of one name: those in the table, and the last ones that were not. */
class KnownName {
  readonly text: string;
  readonly entries: Entry[] = [];
  #last: string | undefined = undefined;
  #lastButOne: string | undefined = undefined;

  constructor(text: string) {
    this.text = text;
  }

  /** True if `value` was one of the two last ones asked about. */
  repeated(value: string): boolean {
    if (value === this.#last || value === this.#lastButOne) return true;
    this.#lastButOne = this.#last;
    this.#last = value;
    return false;
  }
}

/** More names than this are not remembered unless they are in the table. */
const mostNames = 128;

/**
 * The dynamic table as its writer sees it: searchable by name and value, and with a memory of what was sent
 * lately, so that only what repeats is worth an entry.
 */
export class EncoderTable {
  #names = new Map<string, KnownName>();
  /** Oldest first, from `#first`. */
  #entries: Entry[] = [];
  #first = 0;
  #inserted = 0;
  #size = 0;
  #maxSize: number;

  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  get maxSize(): number {
    return this.#maxSize;
  }

  get size(): number {
    return this.#size;
  }

  /** Place in the table from 0 for the newest, or -1. */
  find(name: string, value: string): number {
    const known = this.#names.get(name);
    if (known === undefined) return -1;
    const { entries } = known;
    for (let at = entries.length - 1; at >= 0; at--) {
      const entry = entries[at] as Entry;
      if (entry.value === value) return this.#inserted - entry.number;
    }
    return -1;
  }

  /** Place of any entry with this name, or -1. */
  findName(name: string): number {
    const entries = this.#names.get(name)?.entries;
    const entry = entries?.[entries.length - 1];
    return entry === undefined ? -1 : this.#inserted - entry.number;
  }

  /** Whether this field has been sent lately; remembers it if not. */
  repeated(name: string, value: string): boolean {
    return this.#known(name).repeated(value);
  }

  insert(name: string, value: string): void {
    const size = name.length + value.length + 32;
    this.#evict(this.#maxSize - size);
    if (size > this.#maxSize) return;
    const known = this.#known(name);
    const entry = { name: known, value, size, number: ++this.#inserted };
    known.entries.push(entry);
    this.#entries.push(entry);
    this.#size += size;
  }

  resize(maxSize: number): void {
    this.#maxSize = maxSize;
    this.#evict(maxSize);
  }

  #known(name: string): KnownName {
    let known = this.#names.get(name);
    if (known === undefined) {
      if (this.#names.size >= mostNames) this.#forget();
      known = new KnownName(name);
      this.#names.set(name, known);
    }
    return known;
  }

  #forget(): void {
    for (const [name, { entries }] of this.#names) if (entries.length === 0) this.#names.delete(name);
  }

  #evict(size: number): void {
    while (this.#size > size && this.#first < this.#entries.length) {
      const entry = this.#entries[this.#first++] as Entry;
      this.#size -= entry.size;
      // The oldest of the table is the oldest of its name.
      entry.name.entries.shift();
    }
    if (this.#first > 64 && this.#first * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
  }
}
