import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseDuration } from './duration.ts';

test.each([
  ['1s', 1000],
  ['1h30m', 5_400_000],
  ['0.5s', 500],
  ['.5s', 500],
  ['1.s', 1000],
  ['250ms', 250],
  ['10us', 0.01],
  ['-1s', -1000],
  ['0', 0],
  ['+2m', 120_000],
  ['5', undefined],
  ['5 s', undefined],
  ['', undefined],
  ['s', undefined],
  ['1d', undefined],
  ['1s1', undefined],
  ['--1s', undefined],
  ['1e3s', undefined],
  ['9999999999h', undefined],
])('%s is %s ms', (text, expected) => {
  const ms = parseDuration(text);
  if (expected === undefined) expect(ms).toBeUndefined();
  else expect(ms).toBeCloseTo(expected, 9);
});

test('units add up in any order', () => {
  const parts = fc.array(
    fc.tuple(
      fc.nat(1000),
      fc.constantFrom(
        ['ms', 1] as const,
        ['s', 1000] as const,
        ['m', 60_000] as const,
        ['h', 3_600_000] as const,
      ),
    ),
    { minLength: 1, maxLength: 4 },
  );
  fc.assert(
    fc.property(parts, (list) => {
      const text = list.map(([n, [unit]]) => `${n}${unit}`).join('');
      expect(parseDuration(text)).toBe(list.reduce((sum, [n, [, ms]]) => sum + n * ms, 0));
    }),
  );
});
