import fc from 'fast-check';
import { RE2JS } from 're2js';
import { describe, expect, it } from 'vitest';
import { compileRegex, compileReplace, RegexError, regexEngine } from './regex.ts';

const proven = [
  '',
  'abc',
  '/api/v[0-9]+',
  '.*',
  '/static/.*',
  '.*foo',
  '(a|b)c',
  '[^/]+/[^/]+',
  '([a-z]+/)*END',
  '\\d{1,3}',
  '^/a$',
  '/productpage|/login|/static.*',
  'a?b',
  '.*\\.example\\.com',
];
const unproven = [
  '(a+)+',
  'a*a*b',
  '(a|a)*',
  '(a|ab)(c|bcd)',
  '.*foo.*',
  '(a*)*',
  '(?i)abc',
  '^(.*?;)?(user=jason)(;.*)?$',
  '\\bfoo',
  '[[:alpha:]]+',
  '(a?b?)*',
  '((a?)?)?((b?)?)?',
];

describe('compileRegex', () => {
  it.each(proven)('runs %j by V8', (pattern) => expect(regexEngine(pattern)).toBe('v8'));
  it.each(unproven)('runs %j by re2js', (pattern) => expect(regexEngine(pattern)).toBe('re2'));

  it.each(['(?=a)', '(?<!a)b', '(a)\\1', '(', 'a**', '[z-a]', '\\8', 'a{1001}', 'x'.repeat(5000)])(
    'refuses %j',
    (pattern) => expect(() => compileRegex(pattern)).toThrow(RegexError),
  );

  it('matches the whole string', () => {
    expect(compileRegex('/api')('/api/x')).toBe(false);
    expect(compileRegex('a|b')('ab')).toBe(false);
    expect(compileRegex('^(.*?;)?(user=jason)(;.*)?$')('a=b;user=jason;c=d')).toBe(true);
    expect(compileRegex('^(.*?;)?(user=jason)(;.*)?$')('a=b;user=jasonx')).toBe(false);
  });

  it('means by . and \\s what RE2 means', () => {
    expect(compileRegex('a.b')('a\nb')).toBe(false);
    expect(compileRegex('a.b')('a\rb')).toBe(true);
    expect(compileRegex('\\s')('\u00a0')).toBe(false);
  });

  it('agrees with re2js on generated patterns and inputs', () => {
    const atom = fc.constantFrom(
      'a',
      'b',
      '.',
      '[ab]',
      '[^a]',
      '\\d',
      '\\.',
      '(a|b)',
      '(ab|c)',
      '(?:a|)',
      '-',
    );
    const piece = fc
      .tuple(atom, fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{1,3}', '*?'))
      .map((pair) => pair.join(''));
    const pattern = fc.array(piece, { maxLength: 5 }).map((pieces) => pieces.join(''));
    const input = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '1', '.', '-', '\n'), maxLength: 8 });
    fc.assert(
      fc.property(pattern, fc.array(input, { minLength: 1, maxLength: 5 }), (text, inputs) => {
        const test = compileRegex(text);
        const reference = RE2JS.compile(text);
        for (const value of inputs)
          expect(test(value), `${text} on ${JSON.stringify(value)}`).toBe(reference.matches(value));
      }),
      { numRuns: 1500 },
    );
  });

  it('stays linear on what makes a backtracking engine explode', () => {
    const evil = `${'a'.repeat(30_000)}!`;
    // Of this thread, whatever else the machine does. Microseconds.
    const { user: before } = process.threadCpuUsage();
    for (const pattern of ['(a+)+', 'a*a*a*b', '([a-z]+)*', '(a|a)*b', '[^/]+/x', '.*b'])
      expect(compileRegex(pattern)(evil)).toBe(false);
    expect(process.threadCpuUsage().user - before).toBeLessThan(3_000_000);
  });
});

describe('compileReplace', () => {
  it('puts groups where the substitution names them', () => {
    expect(compileReplace('^/service/([^/]+)(/.*)$', '\\2/instance/\\1')('/service/foo/v1/api')).toBe(
      '/v1/api/instance/foo',
    );
    expect(compileReplace('one', 'two')('/xxx/one/yyy/one/zzz')).toBe('/xxx/two/yyy/two/zzz');
    expect(compileReplace('a', '$&\\0\\\\')('a')).toBe('$&a\\');
  });
  it('refuses a group that is not there', () => expect(() => compileReplace('a', '\\1')).toThrow(/group 1/));
});
