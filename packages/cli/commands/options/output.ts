import { usageError } from '../../failure.ts';

/** @throws Failure (usage) when the format is none of those offered */
export function outputFormat<F extends string>(
  given: string | undefined,
  offered: readonly F[],
): F | undefined {
  if (given === undefined) return undefined;
  const format = offered.find((one) => one === given);
  if (format === undefined) throw usageError(`-o must be one of ${offered.join(', ')}, not "${given}"`);
  return format;
}
