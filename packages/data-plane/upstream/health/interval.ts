import type { Random } from '@tulle/decision/match';
import type { CheckIntervals } from '@tulle/decision/tables/health-check';
import type { Change } from './verdict.ts';

/**
 * Milliseconds to an endpoint's next check.
 *
 * @param passed whether the last one has
 * @param change what followed of it
 * @param used the cluster has had a connection for requests
 */
export function nextInterval(
  intervals: CheckIntervals,
  passed: boolean,
  change: Change,
  used: boolean,
  random: Random,
): number {
  const base = baseInterval(intervals, passed, change, used);
  return base + random() * ((base * intervals.jitterPercent) / 100) + random() * intervals.jitterMs;
}

function baseInterval(of: CheckIntervals, passed: boolean, change: Change, used: boolean): number {
  if (!used) return passed ? of.noTrafficHealthyMs : of.noTrafficMs;
  const atEdge = change === 'pending';
  if (passed) return atEdge ? of.healthyEdgeMs : of.healthyMs;
  return atEdge ? of.unhealthyEdgeMs : of.unhealthyMs;
}
