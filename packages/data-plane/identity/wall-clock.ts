/** The time of certificates: milliseconds since the epoch. A timer keeps the process alive until it ran or was cancelled. */
export interface WallClock {
  now(): number;
  after(ms: number, run: () => void): { cancel(): void };
}

const longestTimeoutMs = 2 ** 31 - 1;

export const systemWallClock: WallClock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, Math.min(Math.max(ms, 0), longestTimeoutMs));
    return { cancel: () => clearTimeout(timer) };
  },
};
