const slots = 10;

/**
 * How many requests there were in the last interval, to a tenth of it: what Envoy's retry budget goes by
 * (`budget_interval`). Tries count, not only requests.
 *
 * ```
 *   [12][ 9][ 0][ 3] … [7]     a ring of ten counts, a tenth of the interval each; what is too old is cleared in passing
 * ```
 */
export class RecentRequests {
  readonly intervalMs: number;
  readonly #counts = new Float64Array(slots);
  #slot = 0;
  #total = 0;

  constructor(intervalMs: number) {
    this.intervalMs = intervalMs;
  }

  /** @param now milliseconds of a monotonic clock, as in `count` */
  add(now: number): void {
    this.#advance(now);
    const at = this.#slot % slots;
    this.#counts[at] = (this.#counts[at] as number) + 1;
    this.#total++;
  }

  count(now: number): number {
    this.#advance(now);
    return this.#total;
  }

  #advance(now: number): void {
    const slot = Math.floor((now * slots) / this.intervalMs);
    const passed = slot - this.#slot;
    if (passed <= 0) return;
    for (let i = 1; i <= passed && i <= slots; i++) {
      const at = (this.#slot + i) % slots;
      this.#total -= this.#counts[at] as number;
      this.#counts[at] = 0;
    }
    this.#slot = slot;
  }
}
