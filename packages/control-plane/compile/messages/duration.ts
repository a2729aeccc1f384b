import { parseDuration } from '@tulle/resources/schema/duration';

/** `1h30m`, `0.5s`, `250ms` as a protobuf Duration; undefined for what is absent. */
export function duration(text: string | undefined): { seconds: bigint; nanos: number } | undefined {
  const milliseconds = text === undefined ? undefined : parseDuration(text);
  return milliseconds === undefined ? undefined : fromMilliseconds(milliseconds);
}

function fromMilliseconds(milliseconds: number): { seconds: bigint; nanos: number } {
  const seconds = Math.floor(milliseconds / 1000);
  return { seconds: BigInt(seconds), nanos: Math.round((milliseconds - seconds * 1000) * 1e6) };
}

/** Envoy reads a duration of 0 as "none" where a default would hold otherwise. */
export const none = { seconds: 0n, nanos: 0 };
