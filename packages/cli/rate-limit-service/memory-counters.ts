import { type Counters, windowAt } from './counters.ts';
import type { Quota } from './quota.ts';

interface Count {
  end: number;
  count: number;
}

/** In this process: gone with it, and not shared with another instance of the service. */
export class MemoryCounters implements Counters {
  readonly #counts = new Map<string, Count>();
  readonly #most: number;

  /** @param most counts that are kept; the one whose window began first is forgotten */
  constructor(most = 500_000) {
    this.#most = most;
  }

  add(quotas: readonly Quota[], hits: number, now: number): Promise<readonly number[]> {
    return Promise.resolve(quotas.map((quota) => this.#add(quota, hits, now)));
  }

  close(): void {
    this.#counts.clear();
  }

  #add(quota: Quota, hits: number, now: number): number {
    const { end } = windowAt(quota, now);
    const known = this.#counts.get(quota.key);
    if (known?.end === end) {
      known.count += hits;
      return known.count;
    }
    // A new window goes to the end of the map, so what is first in it is oldest.
    this.#counts.delete(quota.key);
    this.#forget(now);
    this.#counts.set(quota.key, { end, count: hits });
    return hits;
  }

  /** What is over, from the oldest on; and one more where there is no room. */
  #forget(now: number): void {
    for (const [key, { end }] of this.#counts) {
      if (end > now && this.#counts.size < this.#most) return;
      this.#counts.delete(key);
    }
  }
}
