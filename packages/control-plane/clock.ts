/** Time, injected so that tests own it. Milliseconds since the epoch; `after` runs once. */
export interface Clock {
  now(): number;
  after(ms: number, run: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

/** The longest delay that setTimeout honours; a longer one would fire at once. */
const longest = 2 ** 31 - 1;

/** The machine's clock. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, Math.min(Math.max(ms, 0), longest)).unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
