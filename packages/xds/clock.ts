/** Time, injected so that tests own it. Milliseconds; `after` runs once. */
export interface Clock {
  now(): number;
  after(ms: number, run: () => void): { cancel(): void };
}

/** The machine's clock. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms).unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
