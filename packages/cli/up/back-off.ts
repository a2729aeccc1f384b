/** First wait, and the longest. */
const FIRST_MS = 100;
const LONGEST_MS = 30_000;
/** Who has run this long starts again from the first wait. */
const STEADY_MS = 10_000;

/**
 * When to start something again that has ended: 0.1 s, doubled each time up to 30 s, with up to 10 % off so
 * that many do not come back in step.
 */
export class BackOff {
  readonly #random: () => number;
  #failures = 0;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** How often it has ended since it last ran steadily. */
  get failures(): number {
    return this.#failures;
  }

  /** @param ranMs how long it had run @returns milliseconds to wait */
  next(ranMs: number): number {
    if (ranMs >= STEADY_MS) this.#failures = 0;
    const wait = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#failures);
    this.#failures++;
    return wait * (1 - this.#random() / 10);
  }
}
