import { expect, test } from 'vitest';
import { importsOf } from './imports.ts';

const has = (hosts: readonly string[], namespace: string, host: string): boolean =>
  importsOf(hosts, 'own', 'key').hasService({ namespace, host });

test.each([
  [['*/*'], 'any', 'a.example.com', true],
  [['./*'], 'own', 'a.example.com', true],
  [['./*'], 'other', 'a.example.com', false],
  [['~/*'], 'own', 'a.example.com', false],
  [['other/*'], 'other', 'a.example.com', true],
  [['other/A.example.com'], 'other', 'a.example.com', true],
  [['other/*.example.com'], 'other', 'a.example.com', true],
  [['other/*.example.com'], 'other', 'example.com', false],
  [['other/*.example.com'], 'other', '*.example.com', true],
  // A service for more than what is imported would bring more than was said.
  [['other/a.example.com'], 'other', '*.example.com', false],
  [['./*', 'other/b.example.com'], 'other', 'b.example.com', true],
])('%j and %s/%s: %s', (hosts, namespace, host, expected) => {
  expect(has(hosts, namespace, host)).toBe(expected);
});

test('virtual services hold as far as their hosts meet what is imported', () => {
  const imports = importsOf(['shop/a.example.com', './*'], 'own', 'key');
  expect(imports.hasRoutes('shop', '*.example.com')).toBe(true);
  expect(imports.hasRoutes('shop', 'b.example.com')).toBe(false);
  expect(imports.hasRoutes('own', 'b.example.com')).toBe(true);
  expect(imports.hasRoutes('other', 'a.example.com')).toBe(false);
});
