/**
 * Chooses by host name: exact before `*.suffix` (longest first) before `prefix.*` (longest first) before
 * `*`, as Envoy's virtual host domains. A wildcard stands for at least one character. Case does not matter.
 */
export class DomainIndex<T> {
  readonly #exact = new Map<string, T>();
  readonly #suffixes = new Wildcards<T>((name, length) => name.slice(-length));
  readonly #prefixes = new Wildcards<T>((name, length) => name.slice(0, length));
  #any: T | undefined;

  /** The first that claims a domain keeps it. */
  add(domain: string, value: T): void {
    const name = domain.toLowerCase();
    if (name === '*') this.#any ??= value;
    else if (name.startsWith('*')) this.#suffixes.add(name.slice(1), value);
    else if (name.endsWith('*')) this.#prefixes.add(name.slice(0, -1), value);
    else if (!this.#exact.has(name)) this.#exact.set(name, value);
  }

  /** `name` in lower case. */
  find(name: string): T | undefined {
    return this.#exact.get(name) ?? this.#suffixes.find(name) ?? this.#prefixes.find(name) ?? this.#any;
  }
}

class Wildcards<T> {
  /** Longest first. */
  #lengths: number[] = [];
  readonly #byText = new Map<string, T>();
  readonly #part: (name: string, length: number) => string;

  /** @param part the `length` characters of a name that must be the wildcard's */
  constructor(part: (name: string, length: number) => string) {
    this.#part = part;
  }

  add(text: string, value: T): void {
    if (this.#byText.has(text)) return;
    this.#byText.set(text, value);
    if (!this.#lengths.includes(text.length))
      this.#lengths = [...this.#lengths, text.length].sort((a, b) => b - a);
  }

  find(name: string): T | undefined {
    for (const candidate of this.#lengths) {
      if (candidate >= name.length) continue;
      const value = this.#byText.get(this.#part(name, candidate));
      if (value !== undefined) return value;
    }
    return undefined;
  }
}
