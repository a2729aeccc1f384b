import type { References } from './translate/references.ts';

/** An accepted resource: as it came, and what it became. */
export interface Accepted<T> {
  readonly version: string;
  readonly bytes: Uint8Array;
  readonly value: T;
  readonly references: References;
}

/**
 * The resources of one type. `latest` is what was accepted, `active` what serves: a listener or cluster whose
 * references have not come yet warms, and the one before serves on.
 */
export class Collection<T> {
  readonly latest = new Map<string, Accepted<T>>();
  /** Replaced, never edited: it is part of published tables. */
  active: ReadonlyMap<string, T> = new Map();
  readonly #warming = new Set<string>();
  readonly #removed = new Set<string>();
  /** References of what serves although a later one is warming. */
  readonly #serving = new Map<string, References>();

  set(name: string, accepted: Accepted<T>): void {
    const before = this.latest.get(name);
    if (before !== undefined && this.active.get(name) === before.value)
      this.#serving.set(name, before.references);
    this.latest.set(name, accepted);
    this.#removed.delete(name);
    this.#warming.add(name);
  }

  /** Only the version is new. */
  renew(name: string, version: string): void {
    const accepted = this.latest.get(name);
    if (accepted !== undefined) this.latest.set(name, { ...accepted, version });
  }

  delete(name: string): void {
    if (!this.latest.delete(name)) return;
    this.#warming.delete(name);
    this.#serving.delete(name);
    this.#removed.add(name);
  }

  get warming(): number {
    return this.#warming.size;
  }

  /** Lets what is ready serve; true if `active` changed. */
  promote(isReady: (references: References) => boolean): boolean {
    const ready = [...this.#warming].filter((name) =>
      isReady((this.latest.get(name) as Accepted<T>).references),
    );
    if (ready.length === 0 && this.#removed.size === 0) return false;
    const active = new Map(this.active);
    for (const name of this.#removed) active.delete(name);
    this.#removed.clear();
    for (const name of ready) {
      active.set(name, (this.latest.get(name) as Accepted<T>).value);
      this.#warming.delete(name);
      this.#serving.delete(name);
    }
    this.active = active;
    return true;
  }

  /** References of everything accepted, and of what serves in place of something that warms. */
  *references(): Iterable<References> {
    for (const { references } of this.latest.values()) yield references;
    yield* this.#serving.values();
  }
}
