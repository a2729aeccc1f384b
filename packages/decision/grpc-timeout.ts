/** Milliseconds of each unit (gRPC over HTTP/2, "Timeout"). */
const units: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };

/** Milliseconds of a `grpc-timeout` field; undefined: it is none. */
export function parseGrpcTimeout(value: string): number | undefined {
  const found = /^(\d{1,8})([HMSmun])$/.exec(value);
  return found === null ? undefined : Number(found[1]) * (units[found[2] as string] as number);
}

/** A `grpc-timeout` field of so many milliseconds, in the finest unit whose eight digits hold it; never zero. */
export function formatGrpcTimeout(ms: number): string {
  if (ms < 1e8) return `${Math.max(1, Math.ceil(ms))}m`;
  return ms < 1e11 ? `${Math.ceil(ms / 1_000)}S` : `${Math.min(99_999_999, Math.ceil(ms / 3_600_000))}H`;
}
