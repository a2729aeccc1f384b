/** Places of the array for one field. */
const perField = 3;
/** Fields that heads have room for when nobody says. */
const usualRoom = 8;

/**
 * The header fields of one message, in arrival order, repeats kept. Lookups are by lower-case name; the
 * spelling of an HTTP/1.1 peer is kept beside it and written back to HTTP/1.1 peers.
 *
 * ```
 *   #fields  [name value spelled | name value spelled | … | room …]
 * ```
 * One array instead of an object per field, or of an array per part: a head is parsed and written once per hop,
 * and a message has few fields, so a scan beats a map.
 */
export class Headers {
  #fields: string[];
  #size = 0;
  /** Names whose values a peer forbade to compress by reference (RFC 7541 section 6.2.3). */
  sensitive: string[] | undefined = undefined;

  /** @param room for so many fields; more find theirs, at a price */
  constructor(room: number = usualRoom) {
    this.#fields = new Array<string>(room * perField);
  }

  get size(): number {
    return this.#size;
  }

  /** The lower-case name of the field at `index`. */
  nameAt(index: number): string {
    return this.#fields[index * perField] as string;
  }

  valueAt(index: number): string {
    return this.#fields[index * perField + 1] as string;
  }

  /** The name as the peer spelled it. */
  spelledAt(index: number): string {
    return this.#fields[index * perField + 2] as string;
  }

  /** The index of the first `name` (lower case) from `from` on; -1: there is none. */
  indexOf(name: string, from = 0): number {
    const fields = this.#fields;
    for (let index = from; index < this.#size; index++) if (fields[index * perField] === name) return index;
    return -1;
  }

  /** The first value of `name` (lower case), or undefined. */
  get(name: string): string | undefined {
    const at = this.indexOf(name);
    return at < 0 ? undefined : this.valueAt(at);
  }

  has(name: string): boolean {
    return this.indexOf(name) >= 0;
  }

  /** All values of `name`, in order. */
  all(name: string): string[] {
    const values: string[] = [];
    for (let at = this.indexOf(name); at >= 0; at = this.indexOf(name, at + 1)) values.push(this.valueAt(at));
    return values;
  }

  /** The values of a list-valued field, joined (RFC 9110 section 5.3: by `, `), or undefined. */
  joined(name: string, separator = ', '): string | undefined {
    const first = this.indexOf(name);
    if (first < 0) return undefined;
    if (this.indexOf(name, first + 1) < 0) return this.valueAt(first);
    return this.all(name).join(separator);
  }

  add(name: string, value: string, spelled: string = name): void {
    const at = this.#size++ * perField;
    if (at === this.#fields.length) this.#grow();
    this.#fields[at] = name;
    this.#fields[at + 1] = value;
    this.#fields[at + 2] = spelled;
  }

  /** Replaces every `name` by one field, in the place of the first. */
  set(name: string, value: string, spelled: string = name): void {
    const at = this.indexOf(name);
    if (at < 0) {
      this.add(name, value, spelled);
      return;
    }
    this.#fields[at * perField + 1] = value;
    for (let next = this.indexOf(name, at + 1); next >= 0; next = this.indexOf(name, next))
      this.removeAt(next);
  }

  /** Removes every `name`; true if there was one. */
  remove(name: string): boolean {
    const first = this.indexOf(name);
    for (let at = first; at >= 0; at = this.indexOf(name, at)) this.removeAt(at);
    return first >= 0;
  }

  clone(): Headers {
    const copy = new Headers(0);
    copy.#fields = this.#fields.slice();
    copy.#size = this.#size;
    if (this.sensitive !== undefined) copy.sensitive = [...this.sensitive];
    return copy;
  }

  *[Symbol.iterator](): IterableIterator<readonly [name: string, value: string]> {
    for (let at = 0; at < this.#size; at++) yield [this.nameAt(at), this.valueAt(at)];
  }

  static of(fields: Readonly<Record<string, string>>): Headers {
    const headers = new Headers();
    for (const [name, value] of Object.entries(fields)) headers.add(name.toLowerCase(), value, name);
    return headers;
  }

  /** Removes the field at `index`. */
  removeAt(index: number): void {
    const fields = this.#fields;
    const end = --this.#size * perField;
    // As splice, without an array of what was removed.
    for (let at = index * perField; at < end; at++) fields[at] = fields[at + perField] as string;
  }

  #grow(): void {
    const before = this.#fields;
    this.#fields = new Array<string>(before.length * 2 + usualRoom * perField);
    for (let at = 0; at < before.length; at++) this.#fields[at] = before[at] as string;
  }
}
