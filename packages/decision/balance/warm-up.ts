import type { WarmUp } from '../tables/cluster.ts';

/** Envoy counts a host's first second as if it were over. */
const leastMs = 1_000;

/**
 * The part of its weight that a host has which serves since `elapsedMs`, above 0, at most 1: by Envoy's slow start
 * `max(minimum, (elapsed / window) ^ (1 / aggression))`.
 */
export function warmShare(elapsedMs: number, { windowMs, aggression, minimumPercent }: WarmUp): number {
  if (elapsedMs >= windowMs) return 1;
  const time = Math.min(1, Math.max(elapsedMs, leastMs) / windowMs);
  return Math.max(minimumPercent / 100, time ** (1 / aggression));
}
