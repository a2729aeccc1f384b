import { expect, test } from 'vitest';
import { isFor } from './dns-name.ts';

test.each([
  ['a.test', 'a.test', true],
  ['A.test', 'a.TEST', true],
  ['*.test', 'a.test', true],
  ['*.test', 'b.a.test', false],
  ['*.test', 'test', false],
  ['*.test', '.test', false],
  ['a*.test', 'ab.test', false],
  ['*', 'test', false],
  ['*', 'a.test', false],
  ['', 'test', false],
])('a certificate of %s, asked for %s: %s', (shown, name, expected) =>
  expect(isFor(shown, name)).toBe(expected),
);
