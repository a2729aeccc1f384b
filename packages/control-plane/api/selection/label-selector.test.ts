import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ApiError } from '../status-error.ts';
import { matchesLabels, parseLabelSelector } from './label-selector.ts';

describe('label selectors', () => {
  test.each([
    ['', {}, true],
    ['a=b', { a: 'b' }, true],
    ['a==b', { a: 'c' }, false],
    ['a!=b', {}, true],
    ['a!=b', { a: 'b' }, false],
    ['a', { a: '' }, true],
    ['!a', { a: '' }, false],
    ['a=', { a: '' }, true],
    ['a in (b,c)', { a: 'c' }, true],
    ['a in (b, c), d', { a: 'c' }, false],
    ['a notin (b)', {}, true],
    ['a notin (b)', { a: 'b' }, false],
    ['a in ()', { a: '' }, true],
    ['n>5,n<7', { n: '6' }, true],
    ['n>5', { n: 'x' }, false],
    ['in=x', { in: 'x' }, true],
    ['app.kubernetes.io/name=x', { 'app.kubernetes.io/name': 'x' }, true],
    ['constructor', {}, false],
  ])('%s on %j: %s', (selector, labels, expected) => {
    expect(matchesLabels(parseLabelSelector(selector), labels as Record<string, string>)).toBe(expected);
  });

  test.each([
    'a b',
    'a=b=c',
    'a in b',
    'a in (b',
    ',a',
    'a,',
    '(a)',
    'a>b',
    '=b',
    'a/b/c',
    '-a',
    'a=-b',
    '!',
    '!a=b',
  ])('%s is refused', (selector) => {
    expect(() => parseLabelSelector(selector)).toThrow(ApiError);
  });

  test('any text parses or is refused as 400', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab=!(),<> in/notin.-5') }), (text) => {
        try {
          parseLabelSelector(text);
        } catch (error) {
          expect((error as ApiError).status.code).toBe(400);
        }
      }),
    );
  });
});
