import { isNamedBy, type XdsType } from '../resource.ts';

/** What one type's client side wants, has, and has said on this stream. */
export class ClientSubscription {
  readonly type: XdsType;
  /** Undefined: not subscribed. */
  wanted: '*' | ReadonlySet<string> | undefined;
  /** Accepted resources: name ⇒ version. They outlive streams. */
  readonly versions = new Map<string, string>();
  /** Names said on this stream; undefined before its first request. */
  #said: Set<string> | undefined;
  /** Names to be said once more. */
  readonly #again = new Set<string>();

  constructor(type: XdsType) {
    this.type = type;
  }

  wants(name: string): boolean {
    return this.wanted === '*' || (this.wanted !== undefined && isNamedBy(this.wanted, this.type, name));
  }

  /** A new stream: nothing has been said. */
  restart(): void {
    this.#said = undefined;
    this.#again.clear();
  }

  /** What we have of these counts no longer: they are to be sent once more. */
  askAgain(names: Iterable<string>): void {
    for (const name of names) {
      if (!this.wants(name)) continue;
      this.versions.delete(name);
      // Before the first request of a stream, what is not said to be here is sent anyway.
      if (this.#said !== undefined) this.#again.add(name);
    }
  }

  /**
   * What has to be said now, which counts as said; undefined: nothing. The first request of a stream names
   * what we have.
   */
  changes():
    | { subscribe: string[]; unsubscribe: string[]; initialVersions: Map<string, string> }
    | undefined {
    if (this.wanted === undefined) return undefined;
    const names = this.wanted === '*' ? new Set(['*']) : this.wanted;
    const first = this.#said === undefined;
    const said = this.#said ?? new Set<string>();
    // A named subscription to nothing would be read as one to everything.
    if (first && names.size === 0) return undefined;
    const fresh = [...names].filter((name) => !said.has(name));
    const subscribe = [...new Set([...fresh, ...this.#again])];
    this.#again.clear();
    const unsubscribe = [...said].filter((name) => !names.has(name));
    if (subscribe.length === 0 && unsubscribe.length === 0) return undefined;
    for (const name of unsubscribe) said.delete(name);
    if (unsubscribe.length > 0)
      for (const name of [...this.versions.keys()]) if (!this.wants(name)) this.versions.delete(name);
    for (const name of fresh) said.add(name);
    this.#said = said;
    return { subscribe, unsubscribe, initialVersions: first ? this.#known() : new Map() };
  }

  #known(): Map<string, string> {
    return new Map([...this.versions].filter(([name]) => this.wants(name)));
  }
}
