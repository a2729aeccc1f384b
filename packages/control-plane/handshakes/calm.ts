import type { Clock, Timer } from '@tulle/xds/clock';

/**
 * Tells when nobody comes any more. libuv accepts one connection in each turn of the event loop, so a turn that takes long
 * makes all wait who are in the kernel's queue, and whether anybody is there shows in the next turn only.
 */
export class Calm {
  readonly #clock: Clock;
  readonly #isIdle: () => boolean;
  readonly #waiters = new Set<() => void>();
  /** Somebody has come in this turn or in the one before. */
  #disturbed = false;
  #look: NodeJS.Immediate | undefined;

  /** @param isIdle nobody who has come is on the way in */
  constructor(clock: Clock, isIdle: () => boolean) {
    this.#clock = clock;
    this.#isIdle = isIdle;
  }

  /** Somebody has come. */
  disturb(): void {
    this.#disturbed = true;
    clearImmediate(this.#look);
    this.#look = setImmediate(() => {
      this.#look = setImmediate(() => {
        this.#disturbed = false;
        this.look();
      });
    });
  }

  /** Somebody who had come has got in or left. */
  look(): void {
    if (this.#disturbed || !this.#isIdle()) return;
    for (const run of [...this.#waiters]) run();
  }

  /** Runs when it is calm, after `atMostMs` at the latest; never at once. */
  wait(atMostMs: number, run: () => void): Timer {
    if (!this.#disturbed && this.#isIdle()) return this.#clock.after(0, run);
    const once = (): void => {
      cancel();
      run();
    };
    const timer = this.#clock.after(atMostMs, once);
    const cancel = (): void => {
      timer.cancel();
      this.#waiters.delete(once);
    };
    this.#waiters.add(once);
    return { cancel };
  }
}
