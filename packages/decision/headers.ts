/**
 * The header fields of one message, in arrival order, repeats kept. Lookups are by lower-case name; the
 * spelling of an HTTP/1.1 peer is kept beside it and written back to HTTP/1.1 peers.
 *
 * Three parallel arrays instead of an object per field: a head is parsed and written once per hop, and a
 * message has few fields, so a scan beats a map.
 */
export class Headers {
  /** Lower-case names. */
  readonly names: string[];
  readonly values: string[];
  /** Names as spelled by the peer; of HTTP/2 the very array of `names`. */
  readonly spelled: string[];
  /** Names whose values a peer forbade to compress by reference (RFC 7541 section 6.2.3). */
  sensitive: string[] | undefined = undefined;

  /** Takes the arrays over: three of one length, or two. */
  constructor(names: string[] = [], values: string[] = [], spelled: string[] = []) {
    this.names = names;
    this.values = values;
    this.spelled = spelled;
  }

  get size(): number {
    return this.names.length;
  }

  /** The first value of `name` (lower case), or undefined. */
  get(name: string): string | undefined {
    const at = this.names.indexOf(name);
    return at < 0 ? undefined : this.values[at];
  }

  has(name: string): boolean {
    return this.names.includes(name);
  }

  /** All values of `name`, in order. */
  all(name: string): string[] {
    return this.values.filter((_, index) => this.names[index] === name);
  }

  /** The values of a list-valued field joined by `, ` (RFC 9110 section 5.3), or undefined. */
  joined(name: string): string | undefined {
    const first = this.names.indexOf(name);
    if (first < 0) return undefined;
    if (!this.names.includes(name, first + 1)) return this.values[first];
    return this.all(name).join(', ');
  }

  add(name: string, value: string, spelled: string = name): void {
    this.names.push(name);
    this.values.push(value);
    if (this.spelled !== this.names) this.spelled.push(spelled);
  }

  /** Replaces every `name` by one field, in the place of the first. */
  set(name: string, value: string, spelled: string = name): void {
    const at = this.names.indexOf(name);
    if (at < 0) {
      this.add(name, value, spelled);
      return;
    }
    this.values[at] = value;
    for (let next = this.names.indexOf(name, at + 1); next >= 0; next = this.names.indexOf(name, next)) {
      this.removeAt(next);
    }
  }

  /** Removes every `name`; true if there was one. */
  remove(name: string): boolean {
    let found = false;
    for (let at = this.names.indexOf(name); at >= 0; at = this.names.indexOf(name, at)) {
      this.removeAt(at);
      found = true;
    }
    return found;
  }

  clone(): Headers {
    const names = this.names.slice();
    const spelled = this.spelled === this.names ? names : this.spelled.slice();
    const copy = new Headers(names, this.values.slice(), spelled);
    if (this.sensitive !== undefined) copy.sensitive = [...this.sensitive];
    return copy;
  }

  *[Symbol.iterator](): IterableIterator<readonly [name: string, value: string]> {
    for (let i = 0; i < this.names.length; i++) yield [this.names[i] as string, this.values[i] as string];
  }

  static of(fields: Readonly<Record<string, string>>): Headers {
    const headers = new Headers();
    for (const [name, value] of Object.entries(fields)) headers.add(name.toLowerCase(), value, name);
    return headers;
  }

  /** Removes the field at `index`. */
  removeAt(index: number): void {
    const { names, values, spelled } = this;
    const last = names.length - 1;
    // As splice, without an array of what was removed.
    for (let at = index; at < last; at++) {
      names[at] = names[at + 1] as string;
      values[at] = values[at + 1] as string;
      spelled[at] = spelled[at + 1] as string;
    }
    names.pop();
    values.pop();
    if (spelled !== names) spelled.pop();
  }
}
