import type { Clock, Timer } from './clock.ts';

/** A clock that tests move: `advance` runs what falls due, in order of time. */
export class ManualClock implements Clock {
  #now: number;
  #jump = 0;
  #order = 0;
  readonly #due: { readonly at: number; readonly order: number; readonly run: () => void }[] = [];

  constructor(now = Date.UTC(2026, 0, 1)) {
    this.#now = now;
  }

  now(): number {
    return this.#now + this.#jump;
  }

  steady(): number {
    return this.#now;
  }

  /** Somebody sets the machine's clock. */
  jump(ms: number): void {
    this.#jump += ms;
  }

  after(ms: number, run: () => void): Timer {
    const entry = { at: this.#now + ms, order: this.#order++, run };
    this.#due.push(entry);
    return {
      cancel: () => {
        const at = this.#due.indexOf(entry);
        if (at >= 0) this.#due.splice(at, 1);
      },
    };
  }

  /** Timers that are set and neither run nor cancelled. */
  get pending(): number {
    return this.#due.length;
  }

  /** Lets time pass without running anything, as work that takes long does. */
  spend(ms: number): void {
    this.#now += ms;
  }

  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      this.#due.sort((a, b) => a.at - b.at || a.order - b.order);
      const next = this.#due[0];
      if (next === undefined || next.at > end) break;
      this.#due.shift();
      this.#now = Math.max(this.#now, next.at);
      next.run();
    }
    // What ran may have spent more.
    this.#now = Math.max(this.#now, end);
  }
}
