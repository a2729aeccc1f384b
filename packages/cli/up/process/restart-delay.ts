/** First wait, and the longest. */
export const FIRST_WAIT_MS = 100;
export const LONGEST_WAIT_MS = 30_000;
/** Who has run this long starts again from the first wait. */
const STEADY_MS = 10_000;

/**
 * When to start something again that has ended: 0.1 s (or as given), doubled each time up to 30 s, with up to 10 % off so
 * that many do not come back in step.
 */
export class RestartDelay {
  readonly #first: number;
  readonly #longest: number;
  readonly #random: () => number;
  #failures = 0;

  constructor(
    options: { readonly firstMs?: number; readonly longestMs?: number; readonly random?: () => number } = {},
  ) {
    this.#first = options.firstMs ?? FIRST_WAIT_MS;
    this.#longest = options.longestMs ?? LONGEST_WAIT_MS;
    this.#random = options.random ?? Math.random;
  }

  /** How often it has ended since it last ran steadily. */
  get failures(): number {
    return this.#failures;
  }

  /** @param ranMs how long it had run @returns milliseconds to wait */
  next(ranMs: number): number {
    if (ranMs >= STEADY_MS) this.#failures = 0;
    const wait = Math.min(this.#longest, this.#first * 2 ** this.#failures);
    this.#failures++;
    return wait * (1 - this.#random() / 10);
  }
}
