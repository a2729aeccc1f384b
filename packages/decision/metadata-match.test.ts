import { expect, test } from 'vitest';
import { metadataMatches } from './metadata-match.ts';
import type { MetadataMatch, ValueTest } from './tables/metadata-match.ts';

const is = (wanted: string): ValueTest => ({ kind: 'text', test: (value) => value === wanted });
const orOne = (wanted: string): ValueTest => ({
  kind: 'any',
  of: [is(wanted), { kind: 'one-of', item: is(wanted) }],
});
const match = (path: string, test: ValueTest, invert = false): MetadataMatch => ({
  filter: 'f',
  path: path.split('.'),
  test,
  invert,
});
const metadata = { f: { p: { a: 'x', n: 1, no: null, list: ['y', 2, 'x'], deep: { b: 'x' } } } };

test.each([
  ['p.a', is('x'), true],
  ['p.a', is('y'), false],
  ['p.n', is('1'), false],
  ['p.list', is('x'), false],
  ['p.list', orOne('x'), true],
  ['p.list', orOne('z'), false],
  ['p.deep.b', orOne('x'), true],
  ['p.deep.b.c', orOne('x'), false],
  ['p.list.0', orOne('y'), false],
  ['p.constructor.name', { kind: 'present', present: true }, false],
  ['p.n', { kind: 'present', present: true }, true],
  ['p.no', { kind: 'present', present: true }, false],
  ['p.none', { kind: 'present', present: false }, true],
] as const)('%s', (path, test, expected) => {
  expect(metadataMatches(match(path, test), metadata)).toBe(expected);
  expect(metadataMatches(match(path, test, true), metadata)).toBe(!expected);
});

test('a request of which nothing is known matches only what must not be', () => {
  expect(metadataMatches(match('p.a', is('x')), undefined)).toBe(false);
  expect(metadataMatches(match('p.a', is('x'), true), undefined)).toBe(true);
});
