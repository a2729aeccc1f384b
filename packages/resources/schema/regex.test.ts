import fc from 'fast-check';
import { RE2JS } from 're2js';
import { expect, test } from 'vitest';
import { regexProblem, substitutionProblem } from './regex.ts';

/** RE2's own verdict. */
function compiles(pattern: string): boolean {
  try {
    RE2JS.compile(pattern);
    return true;
  } catch {
    return false;
  }
}

test.each([
  ['/a(?=b)', 'look-around is not part of RE2'],
  ['/a(?<!b)', 'look-around is not part of RE2'],
  ['(a)\\1', 'back-references are not part of RE2'],
  ['(?P<x>a)\\k<x>', 'back-references are not part of RE2'],
  ['(?>a)', 'atomic groups are not part of RE2'],
  ['a**', '"*" after another repetition'],
  ['*a', 'nothing to repeat before "*"'],
  ['(a', 'missing ")"'],
  ['a)', 'unmatched ")"'],
  ['[a', 'missing "]"'],
  ['[z-a]', 'invalid range in "[…]"'],
  ['a{1001}', 'repetition above 1000'],
  ['a{3,2}', 'repetition bounds in the wrong order'],
  ['\\y', 'unknown escape "\\y"'],
  ['a\\', '"\\" at the end'],
  ['[[:nope:]]', 'unknown class "[:nope:]"'],
  ['(?P<a>x)(?P<a>y)', 'group name a used twice'],
])('%s: %s', (pattern, problem) => {
  expect(regexProblem(pattern)).toBe(problem);
  expect(compiles(pattern)).toBe(false);
});

test.each([
  '',
  '.*',
  '^/api/v[0-9]+/.*$',
  '(?i)bearer\\s+\\S+',
  '[^/]+',
  '(?P<id>\\d{1,10})',
  '\\Qa.b\\E',
  'a{,3}',
  '[]a]',
  '[a-]',
  '\\x{1F600}',
  '\\p{Greek}',
  '[[:alpha:]_]',
  '(?:a|b)*?',
  '^(.*?;)?(user=jason)(;.*)?$',
])('%s is fine', (pattern) => {
  expect(regexProblem(pattern)).toBeUndefined();
  expect(compiles(pattern)).toBe(true);
});

test('on random patterns we say what RE2 says', () => {
  const piece = fc.constantFrom(
    'a',
    'b',
    '.',
    '*',
    '+',
    '?',
    '(',
    ')',
    '(?:',
    '(?i)',
    '(?=',
    '(?P<n>',
    '[',
    ']',
    '[^',
    '-',
    '|',
    '\\d',
    '\\b',
    '\\1',
    '\\.',
    '{2}',
    '{2,1}',
    '{',
    '}',
    '^',
    '$',
    '\\pL',
    '[:alpha:]',
    ',',
    '0',
    '\\Q',
    '\\E',
    '\\C',
    '\\A',
    '\\x41',
    '\\0',
    '(?-s:',
    '(?',
    '\\p{Lu}',
    '\\_',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const pattern = pieces.join('');
      expect({ pattern, fine: regexProblem(pattern) === undefined }).toEqual({
        pattern,
        fine: compiles(pattern),
      });
    }),
    { numRuns: 4000 },
  );
});

test.each<[string, string, string | undefined]>([
  ['/a/(b)(?:c)(?P<d>d)', '/\\1/\\2/\\0', undefined],
  ['/a/(b)', '\\\\2', undefined],
  ['/a/(b)[(]', '\\2', 'uses group 2: the pattern has 1'],
  ['\\Q(', '\\1', 'uses group 1: the pattern has 0'],
  ['/a', '\\x', 'must have a digit or a backslash after each backslash'],
  ['/a', 'b\\', 'must have a digit or a backslash after each backslash'],
  ['(', '\\1', undefined],
])('%j replaced by %j: %s', (pattern, substitution, problem) => {
  expect(substitutionProblem(pattern, substitution)).toBe(problem);
});
