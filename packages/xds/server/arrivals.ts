import type { Clock, Pause, Timer } from '../clock.ts';

/** Turns make room for other events this often. */
const sliceMs = 10;

/**
 * New streams are looked at in the order in which they came, in slices: reading a certificate and registering an instance
 * takes some milliseconds for each, and hundreds that come at once are not to keep others out meanwhile.
 */
export class Arrivals {
  readonly #clock: Clock;
  readonly #pause: Pause;
  readonly #waiting = new Set<() => void>();
  /** Milliseconds of work since the last pause. */
  #spent = 0;
  #next: Timer | undefined;

  /** @param pause between two slices */
  constructor(clock: Clock, pause: Pause) {
    this.#clock = clock;
    this.#pause = pause;
  }

  /** It is its turn now or later. */
  add(run: () => void): void {
    this.#waiting.add(run);
    if (this.#next === undefined) this.#serve();
  }

  /** It will not come any more. */
  forget(run: () => void): void {
    this.#waiting.delete(run);
  }

  #serve(): void {
    this.#next = undefined;
    for (const run of this.#waiting) {
      this.#waiting.delete(run);
      const begin = this.#clock.now();
      run();
      this.#spent += this.#clock.now() - begin;
      if (this.#spent < sliceMs) continue;
      this.#next = this.#pause(this.#spent, () => this.#serve());
      this.#spent = 0;
      return;
    }
  }
}
