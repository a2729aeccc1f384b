import { readFileSync, writeFileSync } from 'node:fs';

/** Of one process, bytes. */
export interface Resident {
  readonly rss: number;
  /** What it shares with nobody. */
  readonly own: number;
  /** The most that RSS was since `forgetPeak`. */
  readonly peak: number;
}

/** From /proc/PID/smaps_rollup and status (proc(5)). */
export function residentOf(pid: number): Resident {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const bytes = (text: string, field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? Number.NaN) * 1024;
  return {
    rss: bytes(rollup, 'Rss'),
    own: bytes(rollup, 'Private_Clean') + bytes(rollup, 'Private_Dirty'),
    peak: bytes(status, 'VmHWM'),
  };
}

export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}
