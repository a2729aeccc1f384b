import { describe, expect, it } from 'vitest';
import { mergeSlashes, normalizePath } from './path.ts';

describe('normalizePath', () => {
  it.each([
    ['/a/b?x=/../y', '/a/b?x=/../y'],
    ['/a/../b', '/b'],
    ['/a/./b/.', '/a/b/'],
    ['/a/b/..', '/a/'],
    ['/%61dmin', '/admin'],
    ['/a/%2e%2e/admin', '/admin'],
    ['/a/%2E%2E%2Fadmin', '/a/..%2Fadmin'],
    ['/a\\..\\b', '/b'],
    ['/%7Euser/%5f', '/~user/_'],
    ['/%2f%25%20', '/%2f%25%20'],
    ['/a//b', '/a//b'],
    ['/...', '/...'],
    ['/', '/'],
  ])('%s → %s', (path, expected) => expect(normalizePath(path)).toBe(expected));

  it.each(['/..', '/a/../../b', '/%2e%2e/', 'relative', ''])('refuses %s', (path) =>
    expect(normalizePath(path)).toBeUndefined(),
  );

  it('is done once: a second time changes nothing', () => {
    for (const path of ['/a/%2e%2e/b/./%61', '/x\\y', '/a/%252e%252e/b']) {
      const once = normalizePath(path) as string;
      expect(normalizePath(once)).toBe(once);
    }
  });
});

describe('mergeSlashes', () => {
  it.each([
    ['//a///b//?q=//', '/a/b/?q=//'],
    ['/a/b', '/a/b'],
  ])('%s → %s', (path, expected) => expect(mergeSlashes(path)).toBe(expected));
});
