/**
 * Exponential back-off with full jitter: a random time between 0 and a ceiling that doubles with each
 * failure, so that hundreds of proxies do not come back in step.
 */
export class Backoff {
  #failures = 0;
  readonly #random: () => number;
  readonly #baseMs: number;
  readonly #maxMs: number;

  constructor(random: () => number, baseMs = 100, maxMs = 10_000) {
    this.#random = random;
    this.#baseMs = baseMs;
    this.#maxMs = maxMs;
  }

  /** Milliseconds to wait after one more failure. */
  next(): number {
    const ceiling = Math.min(this.#maxMs, this.#baseMs * 2 ** Math.min(this.#failures++, 30));
    return this.#random() * ceiling;
  }

  reset(): void {
    this.#failures = 0;
  }
}
