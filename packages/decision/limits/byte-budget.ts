/**
 * Bytes that may pass: a second's worth at once, then as they fill in. What is about to pass may be larger than what is there,
 * so the level may fall below zero; nothing more passes until it is above. Over t milliseconds at most
 * rate × (1 s + t) and one piece pass (of TCP: one read for each connection), and no piece is cut.
 */
export class ByteBudget {
  readonly bytesPerSecond: number;
  #level: number;
  #at: number;

  constructor(bytesPerSecond: number, now: number) {
    this.bytesPerSecond = bytesPerSecond;
    this.#level = bytesPerSecond;
    this.#at = now;
  }

  /** Milliseconds until something may pass; 0: now. @param share the part of the rate that is ours */
  wait(now: number, share = 1): number {
    const rate = this.bytesPerSecond * share;
    const filled = now > this.#at ? ((now - this.#at) * rate) / 1_000 : 0;
    this.#level = Math.min(rate, this.#level + filled);
    this.#at = Math.max(now, this.#at);
    return this.#level > 0 ? 0 : ((1 - this.#level) * 1_000) / rate;
  }

  spend(bytes: number): void {
    this.#level -= bytes;
  }
}
