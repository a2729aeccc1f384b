import { humanDuration } from '@tulle/control-plane/api/shapes/human-duration';

/** The time since an RFC 3339 timestamp, as kubectl writes it: `8s`, `3m12s`, `2d3h`. */
export function formatAgeOf(timestamp: string | undefined, now: number): string {
  const since = Date.parse(timestamp ?? '');
  return Number.isNaN(since) ? '<unknown>' : humanDuration(now - since);
}

/** A short time for tables: `0.4ms`, `12ms`, `1.24s`; a dash when there is none. */
export function formatLatency(milliseconds: number | undefined): string {
  if (milliseconds === undefined || !Number.isFinite(milliseconds)) return '-';
  if (milliseconds < 10) return `${milliseconds.toFixed(1)}ms`;
  if (milliseconds < 1000) return `${Math.round(milliseconds)}ms`;
  return `${(milliseconds / 1000).toFixed(2)}s`;
}
