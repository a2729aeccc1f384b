import { expect, test } from 'vitest';
import { editDistance, nearestName } from './nearest.ts';

test.each([
  ['wieght', 'weight'],
  ['rout', 'route'],
  ['per_try_timeout', 'perTryTimeout'],
  ['TIMEOUT', 'timeout'],
  ['zone', undefined],
  ['x', undefined],
  ['', undefined],
])('%s was meant to be %s', (name, expected) => {
  expect(nearestName(name, ['weight', 'route', 'perTryTimeout', 'timeout', 'y'])).toBe(expected);
});

test('a swap of neighbours counts once, other edits one each', () => {
  expect(editDistance('ab', 'ba')).toBe(1);
  expect(editDistance('kitten', 'sitting')).toBe(3);
  expect(editDistance('', 'abc')).toBe(3);
});
