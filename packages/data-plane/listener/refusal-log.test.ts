import { expect, test } from 'vitest';
import { refusalLog } from './refusal-log.ts';

test('ten lines in a row, then one a second that says how many it stands for; each listener by itself', () => {
  let now = 0;
  const lines: string[] = [];
  const refused = refusalLog(
    (line) => lines.push(line),
    () => now,
  );
  for (let count = 0; count < 1_000; count++) refused('a', 'TLS refused: x');
  expect(lines).toEqual(Array(10).fill('a: TLS refused: x'));
  refused('b', 'y');
  expect(lines.at(-1)).toBe('b: y');
  lines.length = 0;
  now = 999;
  refused('a', 'z');
  now = 1_000;
  refused('a', 'z');
  refused('a', 'z');
  expect(lines).toEqual(['a: z (and 991 more before)']);
  // A long silence gives ten again, and no more.
  now = 100_000;
  lines.length = 0;
  for (let count = 0; count < 20; count++) refused('a', 'z');
  expect(lines).toEqual(['a: z (and 1 more before)', ...Array(9).fill('a: z')]);
});
