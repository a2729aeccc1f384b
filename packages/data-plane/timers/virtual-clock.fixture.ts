import type { Clock } from './clock.ts';

/** A clock that moves only by `advance`. */
export class VirtualClock implements Clock {
  #now = 0;
  #tickers = new Set<{ readonly ms: number; next: number; readonly tick: () => void }>();

  now(): number {
    return this.#now;
  }

  every(ms: number, tick: () => void): () => void {
    const ticker = { ms, next: this.#now + ms, tick };
    this.#tickers.add(ticker);
    return () => this.#tickers.delete(ticker);
  }

  /** Tickers that run now: 0 when everything sleeps. */
  get tickers(): number {
    return this.#tickers.size;
  }

  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      let soonest: { readonly ms: number; next: number; readonly tick: () => void } | undefined;
      for (const ticker of this.#tickers) {
        if (ticker.next <= end && (soonest === undefined || ticker.next < soonest.next)) soonest = ticker;
      }
      if (soonest === undefined) break;
      this.#now = soonest.next;
      soonest.next += soonest.ms;
      soonest.tick();
    }
    this.#now = end;
  }
}
