import type { OutlierDetection } from '@tulle/decision/tables/cluster';
import type { cluster_OutlierDetection, http_HttpProtocolOptions_OutlierDetection } from '@tulle/xds/wire';
import { translateHeader } from '../routes/route-match.ts';
import { milliseconds } from '../values/duration.ts';
import type { Problems } from '../values/problems.ts';

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

/** Which answers are errors (envoy.extensions.upstreams.http.v3.HttpProtocolOptions.outlier_detection); only by status. */
export function translateErrors(
  { errorMatcher }: http_HttpProtocolOptions_OutlierDetection,
  path: string,
  problems: Problems,
): ReadonlySet<number> {
  const at = `${path}.error_matcher`;
  const headers = errorMatcher?.httpResponseHeadersMatch?.headers ?? [];
  if (headers.length === 0) problems.add(at, 'must have http_response_headers_match');
  const tests = headers.map((header, i) => {
    const { name, test, invert } = translateHeader(
      header,
      `${at}.http_response_headers_match.headers[${i}]`,
      problems,
    );
    if (name !== ':status' || test.kind !== 'value') problems.add(at, 'only a value of :status is supported');
    return (status: string): boolean => test.kind === 'value' && test.test(status) !== invert;
  });
  const all = Array.from({ length: 500 }, (_, i) => 100 + i);
  return new Set(all.filter((status) => tests.every((test) => test(String(status)))));
}

function enforced(percent: number | undefined, absent: number, count: number | undefined): number {
  return (percent ?? absent) === 0 ? 0 : (count ?? defaultCount);
}
