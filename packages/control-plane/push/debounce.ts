import type { Clock, Timer } from '@tulle/xds/clock';

/** Gathers calls into one run. */
export interface Debounce {
  call(): void;
  /** Drops what has been called and not run. */
  close(): void;
}

/**
 * Runs when no call has come for `quietMs`, `maxMs` after the first at the latest: files of many resources
 * become one push, a stream of changes does not wait for ever.
 */
export function createDebounce(options: {
  readonly clock: Clock;
  readonly quietMs: number;
  readonly maxMs: number;
  readonly run: () => void;
}): Debounce {
  const { clock } = options;
  let timer: Timer | undefined;
  let first: number | undefined;
  let closed = false;
  return {
    call() {
      if (closed) return;
      first ??= clock.steady();
      timer?.cancel();
      timer = clock.after(
        Math.max(Math.min(options.quietMs, first + options.maxMs - clock.steady()), 0),
        () => {
          timer = undefined;
          first = undefined;
          options.run();
        },
      );
    },
    close() {
      closed = true;
      timer?.cancel();
    },
  };
}
