const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** An age as kubectl writes it: `8s`, `3m12s`, `25m`, `4h7m`, `2d3h`, `96d`, `2y41d`. */
export function formatAge(milliseconds: number): string {
  if (!Number.isFinite(milliseconds)) return '<unknown>';
  if (milliseconds < 0) return '0s';
  if (milliseconds < 2 * MINUTE) return `${Math.floor(milliseconds / SECOND)}s`;
  if (milliseconds < 10 * MINUTE) return pair(milliseconds, MINUTE, 'm', SECOND, 's');
  if (milliseconds < 3 * HOUR) return `${Math.floor(milliseconds / MINUTE)}m`;
  if (milliseconds < 8 * HOUR) return pair(milliseconds, HOUR, 'h', MINUTE, 'm');
  if (milliseconds < 2 * DAY) return `${Math.floor(milliseconds / HOUR)}h`;
  if (milliseconds < 8 * DAY) return pair(milliseconds, DAY, 'd', HOUR, 'h');
  if (milliseconds < 2 * YEAR) return `${Math.floor(milliseconds / DAY)}d`;
  return pair(milliseconds, YEAR, 'y', DAY, 'd');
}

function pair(value: number, large: number, largeUnit: string, small: number, smallUnit: string): string {
  const rest = Math.floor((value % large) / small);
  return `${Math.floor(value / large)}${largeUnit}${rest === 0 ? '' : `${rest}${smallUnit}`}`;
}

/** The time since an RFC 3339 timestamp, as `formatAge`. */
export function formatAgeOf(timestamp: string | undefined, now: number): string {
  return timestamp === undefined ? '<unknown>' : formatAge(now - Date.parse(timestamp));
}

/** A short time for tables: `0.4ms`, `12ms`, `1.24s`; a dash when there is none. */
export function formatLatency(milliseconds: number | undefined): string {
  if (milliseconds === undefined || !Number.isFinite(milliseconds)) return '-';
  if (milliseconds < 10) return `${milliseconds.toFixed(1)}ms`;
  if (milliseconds < 1000) return `${Math.round(milliseconds)}ms`;
  return `${(milliseconds / 1000).toFixed(2)}s`;
}

/** `250ms`, `5s`, `1m30s`, `2h`, or a bare number of seconds. @returns milliseconds, undefined if it is none of these */
export function parseDuration(text: string): number | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * SECOND;
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return undefined;
  const units: Record<string, number> = { ms: 1, s: SECOND, m: MINUTE, h: HOUR, d: DAY };
  let total = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    total += Number(number) * (units[unit ?? ''] ?? 0);
  }
  return total;
}
