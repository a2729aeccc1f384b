import { isObject } from '../../api/config-dump.ts';

/** google.protobuf.Duration, as the proxy's reader has it; undefined: something else. */
export function durationWords(value: unknown): string | undefined {
  if (!isObject(value)) return undefined;
  const { seconds, nanos, ...rest } = value;
  if (seconds === undefined || nanos === undefined || Object.keys(rest).length > 0) return undefined;
  const ms = Number(seconds) * 1000 + Number(nanos) / 1e6;
  if (ms === 0) return 'none';
  return ms % 1000 === 0 ? `${ms / 1000} s` : `${ms} ms`;
}
