/**
 * How much of something that costs a peer little and us more it may still do: a burst, more with time, and
 * more with each real piece of work. The clock is read only when the burst is used up.
 */
export class Allowance {
  readonly #burst: number;
  readonly #perSecond: number;
  readonly #now: () => number;
  #left: number;
  #since: number;

  /** @param now milliseconds, monotonic */
  constructor(burst: number, perSecond: number, now: () => number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#now = now;
    this.#left = burst;
    this.#since = now();
  }

  /** False: it is used up. */
  spend(): boolean {
    if (--this.#left >= 0) return true;
    const now = this.#now();
    const gained = Math.floor(((now - this.#since) / 1000) * this.#perSecond);
    if (gained <= 0) return false;
    this.#since = now;
    this.#left = Math.min(this.#burst, gained) - 1;
    return true;
  }

  earn(count: number): void {
    this.#left = Math.min(this.#burst, this.#left + count);
  }
}
