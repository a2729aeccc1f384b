export interface Percentiles {
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
}

/** Of latencies in milliseconds, whose order changes. */
export function percentiles(latencies: number[]): Percentiles {
  latencies.sort((a, b) => a - b);
  const at = (share: number): number =>
    Math.round((latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0) * 1000);
  return { p50Us: at(0.5), p99Us: at(0.99), p999Us: at(0.999) };
}
