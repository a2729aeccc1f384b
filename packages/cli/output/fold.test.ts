import { expect, test } from 'vitest';
import { palette } from './color.ts';
import { fold, longestWord } from './fold.ts';

test.each<[string, number, string[]]>([
  ['short', 10, ['short']],
  ['two words here', 9, ['two words', 'here']],
  ['outbound|80||reviews.default.svc', 20, ['outbound|80||', 'reviews.default.svc']],
  ['abcdefghij', 4, ['abcd', 'efgh', 'ij']],
  ['a-bcdefghijkl', 9, ['a-bcdefgh', 'ijkl']],
  ['', 4, ['']],
])('%s in %i columns', (text, width, lines) => {
  expect(fold(text, width)).toEqual(lines);
});

test('every line keeps the colour', () => {
  const { red } = palette(true);
  expect(fold(red('one two'), 4)).toEqual([red('one'), red('two')]);
});

test('the longest word', () => {
  expect(longestWord('outbound|80||reviews.default svc')).toBe('outbound|'.length);
});
