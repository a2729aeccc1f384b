import type { protobuf_Duration } from '@tulle/xds/wire';
import type { Problems } from './problems.ts';

/** Milliseconds, or `absent` if there is none. */
export function milliseconds<T extends number | undefined>(
  duration: protobuf_Duration | undefined,
  absent: T,
  path: string,
  problems: Problems,
): number | T {
  if (duration === undefined) return absent;
  const value = duration.seconds * 1000 + duration.nanos / 1e6;
  if (value < 0) {
    problems.add(path, 'must not be negative');
    return absent;
  }
  return value;
}
