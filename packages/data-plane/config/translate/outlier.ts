import type { OutlierDetection } from '@tulle/decision/tables/cluster';
import type { cluster_OutlierDetection } from '@tulle/xds/wire';
import { milliseconds } from './duration.ts';
import type { Problems } from './problems.ts';

/** Envoy's default of every count of failures in a row. */
const defaultCount = 5;

/** Counts of 0 switch a detector off. Envoy enforces gateway failures only where that is asked for. */
export function translateOutlier(detection: cluster_OutlierDetection, problems: Problems): OutlierDetection {
  const time = (value: typeof detection.interval, absent: number, field: string): number =>
    milliseconds(value, absent, `outlier_detection.${field}`, problems);
  const baseEjectionMs = time(detection.baseEjectionTime, 30_000, 'base_ejection_time');
  return {
    consecutive5xx: enforced(detection.enforcingConsecutive5xx, 100, detection.consecutive5xx),
    consecutiveGatewayErrors: enforced(
      detection.enforcingConsecutiveGatewayFailure,
      0,
      detection.consecutiveGatewayFailure,
    ),
    ...(detection.splitExternalLocalOriginErrors && {
      consecutiveLocalFailures: enforced(
        detection.enforcingConsecutiveLocalOriginFailure,
        100,
        detection.consecutiveLocalOriginFailure,
      ),
    }),
    intervalMs: time(detection.interval, 10_000, 'interval'),
    baseEjectionMs,
    maxEjectionMs: time(detection.maxEjectionTime, Math.max(baseEjectionMs, 300_000), 'max_ejection_time'),
    maxEjectionPercent: detection.maxEjectionPercent ?? 10,
    ...(detection.successfulActiveHealthCheckUnejectHost === false && { keepsThroughChecks: true as const }),
    alwaysEjectOne: detection.alwaysEjectOneHost ?? false,
  };
}

function enforced(percent: number | undefined, absent: number, count: number | undefined): number {
  return (percent ?? absent) === 0 ? 0 : (count ?? defaultCount);
}
