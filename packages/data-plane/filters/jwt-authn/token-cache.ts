/** Entries of one generation, and the characters of their tokens. */
const maxEntries = 1_000;
const maxCharacters = 2 * 1024 * 1024;

/**
 * What verified tokens have come to, by the whole token. Bounded: what was not asked for while a generation filled is
 * forgotten.
 *
 * ```
 *   set ─▶ young ──full──▶ old ──young is full again──▶ gone
 *            ▲              │
 *            └────── get ───┘
 * ```
 */
export class TokenCache<T> {
  #young = new Map<string, T>();
  #old = new Map<string, T>();
  #characters = 0;

  get(token: string): T | undefined {
    const young = this.#young.get(token);
    if (young !== undefined) return young;
    const old = this.#old.get(token);
    if (old !== undefined) this.set(token, old);
    return old;
  }

  set(token: string, value: T): void {
    if (this.#young.size >= maxEntries || this.#characters + token.length > maxCharacters) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#characters = 0;
    }
    this.#young.set(token, value);
    this.#characters += token.length;
  }

  delete(token: string): void {
    this.#young.delete(token);
    this.#old.delete(token);
  }
}
