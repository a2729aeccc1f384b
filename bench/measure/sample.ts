/** What one round showed of one peer. */
export interface Sample {
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** Of each proxy on the way. */
  readonly cpuUsPerRequest: number;
  readonly rssBytes: number;
  readonly errors: number;
  readonly allocatedBytesPerRequest?: number;
  readonly p50Us?: number;
  readonly p99Us?: number;
  readonly p999Us?: number;
  /** CPU of processes that are not the benchmark's, in cores. */
  readonly others: number;
}

export interface Latency {
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly errors: number;
  readonly others: number;
}

/** All rounds of one peer in one scenario; `latency` from the open loop. */
export interface Rounds {
  readonly peer: string;
  readonly samples: readonly Sample[];
  readonly latencies: readonly Latency[];
  /** Rounds that were thrown away, of both kinds. */
  readonly discarded: number;
  /** The requests per second of the open loop. */
  readonly rate: number;
}

/** The middle one; of an even number the mean of both. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  const high = sorted[Math.floor(sorted.length / 2)];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}
