import type { Quota } from './quota.ts';

/** Counts requests in fixed windows, aligned to the epoch. */
export interface Counters {
  /**
   * Adds `hits` to each quota's present window.
   *
   * @param now milliseconds since the epoch
   * @returns what each window has then, these hits included
   * @throws Error when nobody can say
   */
  add(quotas: readonly Quota[], hits: number, now: number): Promise<readonly number[]>;
  close(): void;
}

/** Where a window begins and ends, milliseconds since the epoch. */
export function windowAt(
  { windowSeconds }: Quota,
  now: number,
): { readonly start: number; readonly end: number } {
  const length = windowSeconds * 1_000;
  const start = Math.floor(now / length) * length;
  return { start, end: start + length };
}
