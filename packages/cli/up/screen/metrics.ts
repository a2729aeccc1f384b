/** What a sidecar has counted of the requests that it received, since it started. */
export interface TrafficTotals {
  readonly requests: number;
  /** Answered with a status below 500. */
  readonly succeeded: number;
  /** Upper bound in milliseconds ⇒ requests at or below it; cumulative as Prometheus has it. */
  readonly buckets: ReadonlyMap<number, number>;
}

export const NO_TRAFFIC: TrafficTotals = { requests: 0, succeeded: 0, buckets: new Map() };

/**
 * Reads `istio_requests_total` and the buckets of `istio_request_duration_milliseconds` out of a Prometheus
 * exposition, for one reporter (a gateway has `source` alone).
 */
export function readTraffic(text: string, reporter: 'destination' | 'source'): TrafficTotals {
  let requests = 0;
  let succeeded = 0;
  const buckets = new Map<number, number>();
  const wanted = `reporter="${reporter}"`;
  for (const line of text.split('\n')) {
    const isCount = line.startsWith('istio_requests_total{');
    if (!isCount && !line.startsWith('istio_request_duration_milliseconds_bucket{')) continue;
    const end = line.lastIndexOf('}');
    const labels = line.slice(0, end);
    if (!labels.includes(wanted)) continue;
    const value = Number(
      line
        .slice(end + 1)
        .trim()
        .split(' ')[0],
    );
    if (isCount) {
      requests += value;
      const code = /[{,]response_code="(\d+)"/.exec(labels)?.[1];
      // Status 0 means that no answer came at all.
      if (code !== undefined && code !== '0' && !code.startsWith('5')) succeeded += value;
    } else {
      const bound = /[{,]le="([^"]+)"/.exec(labels)?.[1];
      const limit = bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound);
      buckets.set(limit, (buckets.get(limit) ?? 0) + value);
    }
  }
  return { requests, succeeded, buckets };
}

export function addTraffic(a: TrafficTotals, b: TrafficTotals): TrafficTotals {
  return combine(a, b, 1);
}

/** What came between two readings; a counter that went back (a restart) counts from zero. */
export function trafficSince(before: TrafficTotals, now: TrafficTotals): TrafficTotals {
  return now.requests < before.requests ? now : combine(now, before, -1);
}

function combine(a: TrafficTotals, b: TrafficTotals, sign: 1 | -1): TrafficTotals {
  const buckets = new Map(a.buckets);
  for (const [bound, count] of b.buckets) buckets.set(bound, (buckets.get(bound) ?? 0) + sign * count);
  return { requests: a.requests + sign * b.requests, succeeded: a.succeeded + sign * b.succeeded, buckets };
}

/**
 * The time within which a share of the requests was answered, in milliseconds, interpolated within its bucket
 * as Prometheus' histogram_quantile does. @returns undefined without requests
 */
export function quantile(buckets: ReadonlyMap<number, number>, share: number): number | undefined {
  const sorted = [...buckets].sort(([a], [b]) => a - b);
  const total = sorted.at(-1)?.[1] ?? 0;
  if (total <= 0) return undefined;
  const rank = share * total;
  let lower = 0;
  let below = 0;
  for (const [bound, count] of sorted) {
    if (count >= rank) {
      if (bound === Number.POSITIVE_INFINITY) return lower;
      return count === below ? bound : lower + ((bound - lower) * (rank - below)) / (count - below);
    }
    lower = bound;
    below = count;
  }
  return lower;
}
