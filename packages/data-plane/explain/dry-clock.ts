import type { Clock } from '../timers/clock.ts';

/** Time that stands still, so that nothing times out while it is looked at; `advance` lets delays pass. */
export class DryClock implements Clock {
  #now = 0;
  readonly #ticks = new Set<() => void>();

  now(): number {
    return this.#now;
  }

  every(_ms: number, tick: () => void): () => void {
    this.#ticks.add(tick);
    return () => this.#ticks.delete(tick);
  }

  advance(ms: number): void {
    this.#now += ms;
    for (const tick of [...this.#ticks]) tick();
  }
}
