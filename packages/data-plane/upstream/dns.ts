import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { TimerWheel } from '../timers/wheel.ts';

/** How long a connection waits for newer addresses than those that its name had. */
const patienceMs = 1_000;

export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Asks for all addresses of a name. */
export type Resolve = (
  host: string,
  callback: (error: Error | undefined, addresses: readonly Address[]) => void,
) => void;

/** The system's resolver, with its hosts file. */
const systemResolve: Resolve = (host, callback) => {
  systemLookup(host, { all: true, order: 'ipv4first' }, (error, found) => {
    if (error !== null && error !== undefined) callback(error, []);
    else
      callback(
        undefined,
        found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 })),
      );
  });
};

interface Entry {
  addresses: readonly Address[];
  /** When it was last answered. */
  at: number;
  waiting: ((error: Error | undefined, addresses: readonly Address[]) => void)[] | undefined;
}

/** Answers of a resolver, kept for a while; one question under way per name. Least recently asked go first. */
export class DnsCache {
  readonly #resolve: Resolve;
  readonly #now: () => number;
  readonly #ttlMs: number;
  readonly #maxEntries: number;
  readonly #timers: TimerWheel | undefined;
  readonly #entries = new Map<string, Entry>();

  constructor(options: {
    readonly resolve?: Resolve;
    readonly now: () => number;
    readonly ttlMs?: number;
    readonly maxEntries?: number;
    /** With it a connection to a name that has addresses does not wait for a resolver that is slow or dead. */
    readonly timers?: TimerWheel;
  }) {
    this.#resolve = options.resolve ?? systemResolve;
    this.#now = options.now;
    this.#ttlMs = options.ttlMs ?? 60_000;
    this.#maxEntries = options.maxEntries ?? 1024;
    this.#timers = options.timers;
  }

  /**
   * A name that could not be resolved again keeps its last addresses.
   * @param maxAgeMs how old an answer may be
   */
  resolve(
    host: string,
    callback: (error: Error | undefined, addresses: readonly Address[]) => void,
    maxAgeMs = this.#ttlMs,
  ): void {
    let entry = this.#entries.get(host);
    if (entry !== undefined) {
      // Last in the map: most recently asked.
      this.#entries.delete(host);
      this.#entries.set(host, entry);
      if (entry.waiting !== undefined) {
        entry.waiting.push(callback);
        return;
      }
      if (entry.at + maxAgeMs > this.#now()) {
        callback(undefined, entry.addresses);
        return;
      }
    }
    entry ??= { addresses: [], at: Number.NEGATIVE_INFINITY, waiting: undefined };
    const asked = entry;
    asked.waiting = [callback];
    this.#entries.set(host, asked);
    if (this.#entries.size > this.#maxEntries) this.#evict();
    this.#resolve(host, (error, addresses) => {
      const waiting = asked.waiting ?? [];
      asked.waiting = undefined;
      if (addresses.length > 0) {
        asked.addresses = addresses;
        asked.at = this.#now();
      } else if (asked.addresses.length === 0) this.#entries.delete(host);
      const failure = asked.addresses.length > 0 ? undefined : (error ?? new Error(`no address for ${host}`));
      for (const each of waiting) each(failure, asked.addresses);
    });
  }

  /** For net.connect. `refuse` keeps connections away from addresses, with a reason. */
  lookup(refuse: (address: string) => string | undefined, maxAgeMs?: number): LookupFunction {
    return (host, options, callback) => {
      this.#resolveSoon(
        host,
        (error, addresses) => {
          const allowed = addresses.filter(({ address }) => refuse(address) === undefined);
          const [first] = allowed;
          if (error !== undefined) callback(error, []);
          else if (first === undefined) {
            callback(new Error(refuse(addresses[0]?.address ?? '') ?? 'no address'), []);
          } else if (options.all === true) callback(null, [...allowed]);
          else callback(null, first.address, first.family);
        },
        maxAgeMs,
      );
    };
  }

  /** As `resolve`, but a name that has addresses is answered by them when the resolver takes its time. */
  #resolveSoon(host: string, callback: Parameters<Resolve>[1], maxAgeMs = this.#ttlMs): void {
    const entry = this.#entries.get(host);
    const isFresh = entry !== undefined && entry.at + maxAgeMs > this.#now();
    if (this.#timers === undefined || entry === undefined || entry.addresses.length === 0 || isFresh) {
      this.resolve(host, callback, maxAgeMs);
      return;
    }
    let answer: typeof callback | undefined = callback;
    const once: typeof callback = (error, addresses) => {
      timer.stop();
      answer?.(error, addresses);
      answer = undefined;
    };
    const timer = this.#timers.timer(() => once(undefined, entry.addresses));
    timer.start(patienceMs);
    this.resolve(host, once, maxAgeMs);
  }

  #evict(): void {
    for (const [host, entry] of this.#entries) {
      if (entry.waiting !== undefined) continue;
      this.#entries.delete(host);
      return;
    }
  }
}
