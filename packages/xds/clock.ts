/** Time of both planes, injected so that tests own it. Milliseconds; `after` runs once. */
export interface Clock {
  /** Since the epoch, as the machine believes: it may jump, either way. For what is shown, and for certificates. */
  now(): number;
  /** Since some time; it never jumps. For how long something takes. */
  steady(): number;
  after(ms: number, run: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

/** For work in slices: goes on after other events have had their turn, which may take as long as it pleases them. */
export type Pause = (spentMs: number, run: () => void) => Timer;

/** One turn of the event loop. */
export const pauseOf =
  (clock: Clock): Pause =>
  (_, run) =>
    clock.after(0, run);

/** The longest delay that setTimeout honours; a longer one would fire at once. */
const longestMs = 2 ** 31 - 1;

const wait = (ms: number, run: () => void): NodeJS.Timeout =>
  setTimeout(run, Math.min(Math.max(ms, 0), longestMs));

/** The machine's clock. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  steady: () => performance.now(),
  after: (ms, run) => {
    const timer = wait(ms, run).unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

/** The machine's clock, for who has nothing else open yet: a timer keeps the process alive until it ran or was cancelled. */
export const holdingClock: Clock = {
  now: () => Date.now(),
  steady: () => performance.now(),
  after: (ms, run) => {
    const timer = wait(ms, run);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** How late an alarm may be after a machine has slept. */
const lookMs = 5_000;

/**
 * Runs once the machine believes that it is `time`, milliseconds since the epoch. Looks every few seconds: timers stand still
 * while a machine sleeps, and know nothing of a clock that somebody sets.
 */
export function alarm(clock: Clock, time: number, run: () => void): Timer {
  let timer: Timer;
  const look = (): void => {
    const left = time - clock.now();
    if (left <= 0) run();
    else timer = clock.after(Math.min(left, lookMs), look);
  };
  timer = clock.after(Math.min(Math.max(time - clock.now(), 0), lookMs), look);
  return { cancel: () => timer.cancel() };
}
