import { expect, test } from 'vitest';
import { hostAliases, resolveHost } from './hosts.ts';

test.each([
  ['reviews', 'reviews.shop.svc.cluster.local'],
  ['Reviews.', 'reviews.shop.svc.cluster.local'],
  ['reviews.books', 'reviews.books.svc.cluster.local'],
  ['reviews.books.svc', 'reviews.books.svc.cluster.local'],
  ['reviews.books.svc.cluster.local', 'reviews.books.svc.cluster.local'],
  ['example.com', 'example.com'],
  ['www.example.com', 'www.example.com'],
  ['*.example.com', '*.example.com'],
  ['*', '*'],
  ['10.0.0.1', '10.0.0.1'],
  ['fd00::1', 'fd00::1'],
  ['', ''],
])('%s in namespace shop is %s', (host, expected) => {
  expect(resolveHost(host, 'shop')).toBe(expected);
});

test('who knows the namespaces decides what a.b is', () => {
  expect(resolveHost('api.com', 'shop', 'cluster.local', (name) => name === 'com')).toBe(
    'api.com.svc.cluster.local',
  );
  expect(resolveHost('api.books', 'shop', 'cluster.local', () => false)).toBe('api.books');
  expect(resolveHost('api', 'shop', 'mesh.example')).toBe('api.shop.svc.mesh.example');
});

test('short names are for the service’s own namespace', () => {
  expect(hostAliases('reviews', 'shop', 'shop')).toEqual([
    'reviews.shop.svc.cluster.local',
    'reviews.shop.svc',
    'reviews.shop',
    'reviews',
  ]);
  expect(hostAliases('reviews', 'shop', 'books')).not.toContain('reviews');
});
