import type { Clock, Timer } from '@tulle/xds/clock';
import type { KeySets, KeySource } from '../model/security/request-authentication.ts';

/** Istio's: keys are asked for again after so long, */
const refreshMs = 20 * 60_000;
/** and those that could not be had after so long, twice as long each time. */
const firstRetryMs = 1_000;
const maxRetryMs = 60_000;

/** URLs come from whoever may write a RequestAuthentication; descriptors and memory are the whole mesh's. */
const maxAtOnce = 64;
const maxUrls = 1_000;

interface Entry {
  source: KeySource;
  /** Waits for the next time; undefined: it is being fetched. */
  timer: Timer | undefined;
  retryMs: number;
  failure: string | undefined;
}

/** Keeps the key sets that are wanted: fetched, refreshed, the last good one kept. */
export class KeyBook {
  readonly #options: KeyBookOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #closing = new AbortController();
  #keySets: KeySets;
  /** Being fetched. */
  #running = 0;
  /** To be fetched next; who has waited longest first. */
  readonly #waiting: (readonly [url: string, entry: Entry])[] = [];
  /** Too many. */
  #refused: ReadonlySet<string> = new Set();

  constructor(options: KeyBookOptions) {
    this.#options = options;
    this.#keySets = options.known;
  }

  /** Another object when something in it is another. */
  get keySets(): KeySets {
    return this.#keySets;
  }

  /** Why the last try failed; undefined: it did not. */
  failure(url: string): string | undefined {
    if (this.#refused.has(url)) return `it is not asked, as more than ${maxUrls} URLs would be`;
    return this.#entries.get(url)?.failure;
  }

  /** What is wanted from now on; the rest is forgotten. */
  want(sources: readonly KeySource[]): void {
    const wanted = new Map(sources.map((source) => [source.url, source]));
    for (const [url, entry] of this.#entries)
      if (!wanted.has(url)) {
        entry.timer?.cancel();
        this.#entries.delete(url);
      }
    const refused = new Set<string>();
    for (const [url, source] of wanted) {
      const known = this.#entries.get(url);
      if (known !== undefined) {
        known.source = source;
        continue;
      }
      if (this.#entries.size >= maxUrls) {
        refused.add(url);
        continue;
      }
      const entry: Entry = { source, timer: undefined, retryMs: firstRetryMs, failure: undefined };
      this.#entries.set(url, entry);
      this.#start(url, entry);
    }
    this.#refused = refused;
  }

  close(): void {
    this.#closing.abort();
    for (const { timer } of this.#entries.values()) timer?.cancel();
  }

  #start(url: string, entry: Entry): void {
    entry.timer = undefined;
    this.#waiting.push([url, entry]);
    this.#next();
  }

  #next(): void {
    while (this.#running < maxAtOnce && !this.#closing.signal.aborted) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      const [url, entry] = next;
      if (this.#entries.get(url) !== entry) continue;
      this.#running++;
      void this.#fetch(url, entry).finally(() => {
        this.#running--;
        this.#next();
      });
    }
  }

  async #fetch(url: string, entry: Entry): Promise<void> {
    const { fetch, clock, onChange } = this.#options;
    const before = entry.failure;
    let isNew = false;
    try {
      const keySet = await fetch(entry.source, this.#closing.signal);
      entry.failure = undefined;
      entry.retryMs = firstRetryMs;
      isNew = this.#entries.get(url) === entry && this.#keySets.get(url) !== keySet;
      if (isNew) this.#keySets = new Map([...this.#wanted(), [url, keySet]]);
    } catch (error) {
      entry.failure = (error as Error).message;
    }
    if (this.#closing.signal.aborted || this.#entries.get(url) !== entry) return;
    const waitMs = entry.failure === undefined ? refreshMs : entry.retryMs;
    if (entry.failure !== undefined) entry.retryMs = Math.min(entry.retryMs * 2, maxRetryMs);
    entry.timer = clock.after(waitMs, () => this.#start(url, entry));
    if (isNew || before !== entry.failure) onChange(isNew);
  }

  /** Of the key sets those that somebody still asks for. */
  #wanted(): (readonly [string, string])[] {
    return [...this.#keySets].filter(([url]) => this.#entries.has(url));
  }
}

export interface KeyBookOptions {
  /** @throws Error saying why not */
  readonly fetch: (source: KeySource, closing: AbortSignal) => Promise<string>;
  readonly clock: Clock;
  /** From before a restart. */
  readonly known: KeySets;
  /** @param isNew there are other keys; else only what went wrong is another */
  readonly onChange: (isNew: boolean) => void;
}
