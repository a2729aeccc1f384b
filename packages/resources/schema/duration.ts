import { z } from 'zod';
import { checked, withRules } from './rule.ts';

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const whole = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/;
const part = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g;

/**
 * Go's duration syntax, which Istio's API uses (time.ParseDuration): `1h30m`, `0.5s`, `250ms`, `0`.
 * @returns milliseconds, fractions included; undefined when it is not a duration or beyond ±292 years.
 */
export function parseDuration(text: string): number | undefined {
  if (/^[+-]?0$/.test(text)) return 0;
  if (text.length > 64 || !whole.test(text)) return undefined;
  let ms = 0;
  for (const [, number, unit] of text.matchAll(part)) ms += Number(number) * (unitMs[unit ?? ''] ?? 0);
  if (ms > 9_223_372_036_854) return undefined;
  return text.startsWith('-') ? -ms : ms;
}

const example = 'such as "1s", "250ms" or "1m30s"';

/** A duration of at least 1 ms: the rule that Istio's CRDs put on most of theirs. */
export const duration = () =>
  withRules(z.string(), {
    rule: "duration(self) >= duration('1ms')",
    message: 'must be a valid duration greater than 1ms',
    test: (text) => (parseDuration(text) ?? 0) >= 1,
    explain: (text) =>
      parseDuration(text) === undefined
        ? `must be a duration, ${example}, not ${JSON.stringify(text)}`
        : `must be a duration of at least 1ms, not ${JSON.stringify(text)}`,
  });

/** A duration without the CRD's lower bound: zero has a meaning here (off, or a session cookie). */
export const durationOrZero = () =>
  checked(
    z.string(),
    'bad-duration',
    (text) => (parseDuration(text) ?? -1) >= 0,
    (text) => `must be a duration, ${example} or "0s", not ${JSON.stringify(text)}`,
  );
