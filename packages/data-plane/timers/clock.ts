/** Where time comes from; injected, so that tests turn it by hand. */
export interface Clock {
  /** Milliseconds, monotonic, from any origin. */
  now(): number;
  /** Calls `tick` every `ms` without keeping the process alive, until the returned function is called. */
  every(ms: number, tick: () => void): () => void;
}

/** NaN: not asked in this turn yet. */
let turnNow = Number.NaN;
const forget = (): void => {
  turnNow = Number.NaN;
};

/**
 * The time of the present turn of the event loop, read when it is first asked for: a request asks ten times,
 * and what happens in one turn happens at once (as libuv's and Envoy's own cached time).
 */
export const systemClock: Clock = {
  now() {
    if (Number.isNaN(turnNow)) {
      turnNow = performance.now();
      setImmediate(forget);
    }
    return turnNow;
  },
  every(ms, tick) {
    const interval = setInterval(tick, ms);
    interval.unref();
    return () => clearInterval(interval);
  },
};
