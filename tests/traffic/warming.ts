/** Whether an endpoint that is warming up gets what Envoy's slow start says it gets. */
import { expect } from 'vitest';
import type { Outcome } from './run.ts';
import type { Warming } from './scenario.ts';

/** Looked at one by one, so that the share must grow. */
const parts = 4;
/** An endpoint's first second counts as over. */
const leastMs = 1_000;

/**
 * It came between the step's begin and the first answer that it gave, so that its share of each later request lies between
 * two known ones; what it answered, of each part of them, within five standard deviations of the sums.
 *
 * ```
 *   weight(t) = max(minimum, (t / window) ^ (1 / aggression))     share = weight / (1 + weight)
 * ```
 */
export function checkWarming(
  { version, seconds, minimumPercent, aggression }: Warming,
  outcomes: readonly Outcome[],
): void {
  const isIts = ({ answer }: Outcome): boolean => answer?.headers['x-version'] === version;
  const share = (ms: number): number => {
    const time = Math.min(1, Math.max(ms, leastMs) / 1000 / seconds);
    const weight = Math.max(minimumPercent / 100, time ** (1 / aggression));
    return weight / (1 + weight);
  };
  const first = outcomes.findIndex(isIts);
  expect(first, `${version} answered`).toBeGreaterThanOrEqual(0);
  const { startMs, milliseconds } = outcomes[first] as Outcome;
  const latest = startMs + milliseconds;
  const later = outcomes.slice(first + 1);
  const size = Math.ceil(later.length / parts);
  for (let from = 0; from < later.length; from += size) {
    const part = later.slice(from, from + size);
    const sums = (draw: (outcome: Outcome) => number): { mean: number; bound: number } => {
      const draws = part.map(draw);
      const variance = draws.reduce((sum, p) => sum + p * (1 - p), 0);
      return { mean: draws.reduce((sum, p) => sum + p, 0), bound: 5 * Math.sqrt(variance) };
    };
    const least = sums((one) => share(one.startMs - latest));
    const most = sums((one) => share(one.startMs + one.milliseconds));
    const count = part.filter(isIts).length;
    const what = `of ${part.length} requests from ${part[0]?.startMs.toFixed()} ms on`;
    expect(count, what).toBeGreaterThanOrEqual(least.mean - least.bound);
    expect(count, what).toBeLessThanOrEqual(most.mean + most.bound);
  }
}
