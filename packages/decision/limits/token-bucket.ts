import type { TokenBucketSettings } from '../tables/rate-limit.ts';

/**
 * A token bucket that fills continuously, as Envoy's: `tokensPerFill / fillIntervalMs` per millisecond up to
 * `maxTokens`, which it begins with. Over any span of t milliseconds at most maxTokens + rate × t are taken.
 * Times are milliseconds of one monotonic clock.
 */
export class TokenBucket {
  readonly maxTokens: number;
  /** Tokens per millisecond. */
  readonly rate: number;
  #tokens: number;
  #at: number;

  constructor({ maxTokens, tokensPerFill, fillIntervalMs }: TokenBucketSettings, now: number) {
    this.maxTokens = maxTokens;
    this.rate = tokensPerFill / fillIntervalMs;
    this.#tokens = maxTokens;
    this.#at = now;
  }

  /** Takes `count` or nothing. */
  take(now: number, count = 1): boolean {
    this.#fill(now);
    if (this.#tokens < count) return false;
    this.#tokens -= count;
    return true;
  }

  /** Takes as many as there are, up to `count`; whole ones. */
  takeUpTo(now: number, count: number): number {
    this.#fill(now);
    const taken = Math.min(count, Math.floor(this.#tokens));
    this.#tokens -= taken;
    return taken;
  }

  /** What was taken and not used. */
  giveBack(count: number): void {
    this.#tokens = Math.min(this.maxTokens, this.#tokens + count);
  }

  /** Whole tokens that are left. */
  left(now: number): number {
    this.#fill(now);
    return Math.floor(this.#tokens);
  }

  /** Milliseconds until there are `count`; 0: there are. */
  wait(now: number, count = 1): number {
    this.#fill(now);
    return this.#tokens >= count ? 0 : (count - this.#tokens) / this.rate;
  }

  #fill(now: number): void {
    // Rounding must not cost a token: what is within a billionth of a whole one is whole.
    if (now > this.#at) {
      const tokens = this.#tokens + (now - this.#at) * this.rate;
      const whole = Math.round(tokens);
      this.#tokens = Math.min(this.maxTokens, Math.abs(tokens - whole) < 1e-9 * whole ? whole : tokens);
      this.#at = now;
    }
  }
}
