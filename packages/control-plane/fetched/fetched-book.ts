import type { Clock, Timer } from '@tulle/xds/clock';

/** What could not be had is tried again after so long, and twice as long each time. */
const firstRetryMs = 1_000;
const maxRetryMs = 60_000;

/** What is wanted comes from whoever may write resources; descriptors and memory are the whole mesh's. */
const maxAtOnce = 64;
const maxWanted = 1_000;

/** What came, and for how long it need not be asked for again. */
export interface Fetched<Value> {
  readonly value: Value;
  readonly freshMs: number;
}

export interface FetchedBookOptions<Source, Value> {
  /** @throws Error saying why not */
  readonly fetch: (source: Source, closing: AbortSignal) => Promise<Fetched<Value>>;
  readonly isSame: (a: Value, b: Value) => boolean;
  readonly clock: Clock;
  /** From before a restart. */
  readonly known: ReadonlyMap<string, Value>;
  /** @param isNew there are other values; else only what went wrong is another */
  readonly onChange: (isNew: boolean) => void;
}

interface Entry<Source> {
  source: Source;
  /** Waits for the next time; undefined: it is being fetched. */
  timer: Timer | undefined;
  retryMs: number;
  failure: string | undefined;
}

/** Keeps the values that are wanted: fetched, refreshed, the last good one kept. */
export class FetchedBook<Source, Value> {
  readonly #options: FetchedBookOptions<Source, Value>;
  readonly #entries = new Map<string, Entry<Source>>();
  readonly #closing = new AbortController();
  #values: ReadonlyMap<string, Value>;
  /** Being fetched. */
  #running = 0;
  /** To be fetched next; who has waited longest first. */
  readonly #waiting: (readonly [key: string, entry: Entry<Source>])[] = [];
  /** Too many. */
  #refused: ReadonlySet<string> = new Set();

  constructor(options: FetchedBookOptions<Source, Value>) {
    this.#options = options;
    this.#values = options.known;
  }

  /** By key; another object when something in it is another. */
  get values(): ReadonlyMap<string, Value> {
    return this.#values;
  }

  /** Why the last try failed; undefined: it did not. */
  failure(key: string): string | undefined {
    if (this.#refused.has(key)) return `it is not asked for, as more than ${maxWanted} would be`;
    return this.#entries.get(key)?.failure;
  }

  /** What is wanted from now on, by key; the rest is forgotten. */
  want(wanted: ReadonlyMap<string, Source>): void {
    for (const [key, entry] of this.#entries)
      if (!wanted.has(key)) {
        entry.timer?.cancel();
        this.#entries.delete(key);
      }
    const refused = new Set<string>();
    for (const [key, source] of wanted) {
      const known = this.#entries.get(key);
      if (known !== undefined) {
        known.source = source;
        continue;
      }
      if (this.#entries.size >= maxWanted) {
        refused.add(key);
        continue;
      }
      const entry: Entry<Source> = { source, timer: undefined, retryMs: firstRetryMs, failure: undefined };
      this.#entries.set(key, entry);
      this.#start(key, entry);
    }
    this.#refused = refused;
  }

  close(): void {
    this.#closing.abort();
    for (const { timer } of this.#entries.values()) timer?.cancel();
  }

  #start(key: string, entry: Entry<Source>): void {
    entry.timer = undefined;
    this.#waiting.push([key, entry]);
    this.#next();
  }

  #next(): void {
    while (this.#running < maxAtOnce && !this.#closing.signal.aborted) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      const [key, entry] = next;
      if (this.#entries.get(key) !== entry) continue;
      this.#running++;
      void this.#fetch(key, entry).finally(() => {
        this.#running--;
        this.#next();
      });
    }
  }

  async #fetch(key: string, entry: Entry<Source>): Promise<void> {
    const { fetch, isSame, clock, onChange } = this.#options;
    const before = entry.failure;
    let isNew = false;
    let waitMs: number;
    try {
      const { value, freshMs } = await fetch(entry.source, this.#closing.signal);
      entry.failure = undefined;
      entry.retryMs = firstRetryMs;
      waitMs = freshMs;
      const known = this.#values.get(key);
      isNew = this.#entries.get(key) === entry && (known === undefined || !isSame(known, value));
      if (isNew) this.#values = new Map([...this.#wanted(), [key, value]]);
    } catch (error) {
      entry.failure = (error as Error).message;
      waitMs = entry.retryMs;
      entry.retryMs = Math.min(entry.retryMs * 2, maxRetryMs);
    }
    if (this.#closing.signal.aborted || this.#entries.get(key) !== entry) return;
    entry.timer = clock.after(waitMs, () => this.#start(key, entry));
    if (isNew || before !== entry.failure) onChange(isNew);
  }

  /** Of the values those that somebody still asks for. */
  #wanted(): (readonly [string, Value])[] {
    return [...this.#values].filter(([key]) => this.#entries.has(key));
  }
}
