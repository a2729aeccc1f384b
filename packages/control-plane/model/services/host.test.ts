import { describe, expect, test } from 'vitest';
import { bySpecificity, hostCovers, hostIntersection, isExportedTo, resolveHost } from './host.ts';

const known =
  (...hosts: string[]) =>
  (host: string) =>
    hosts.includes(host);

describe('a written host is resolved in its namespace', () => {
  test.each([
    ['reviews', 'reviews.ns.svc.cluster.local'],
    ['Reviews', 'reviews.ns.svc.cluster.local'],
    ['reviews.other.svc', 'reviews.other.svc.cluster.local'],
    ['reviews.other.svc.cluster.local', 'reviews.other.svc.cluster.local'],
    ['*.example.com', '*.example.com'],
    ['api.example.com', 'api.example.com'],
    ['10.0.0.1', '10.0.0.1'],
  ])('%s ⇒ %s', (written, full) => expect(resolveHost(written, 'ns', known())).toBe(full));

  test('a name with one dot is a service if there is one', () => {
    expect(resolveHost('reviews.prod', 'ns', known('reviews.prod.svc.cluster.local'))).toBe(
      'reviews.prod.svc.cluster.local',
    );
    expect(resolveHost('reviews.prod', 'ns', known())).toBe('reviews.prod');
    expect(resolveHost('db.prod', 'ns', known('db.prod', 'db.prod.svc.cluster.local'))).toBe('db.prod');
  });

  test('a ServiceEntry may be called what a short name would be', () => {
    expect(resolveHost('mysql', 'ns', known('mysql'))).toBe('mysql');
  });
});

test.each([
  ['*', 'a.b', true],
  ['*.b', 'a.b', true],
  ['*.b', '.b', false],
  ['*.b', '*.a.b', true],
  ['*.a.b', '*.b', false],
  ['a.b', 'a.b', true],
  ['a.b', '*.b', false],
])('%s covers %s: %s', (pattern, host, covers) => expect(hostCovers(pattern, host)).toBe(covers));

test('hosts of a gateway and of a virtual service mean what both cover', () => {
  expect(hostIntersection('*', 'shop.example.com')).toBe('shop.example.com');
  expect(hostIntersection('shop.example.com', '*.example.com')).toBe('shop.example.com');
  expect(hostIntersection('*.example.com', 'shop.example.org')).toBeUndefined();
});

test('exact names come before longer wildcards, those before shorter ones', () => {
  expect(['*', '*.b', 'a.b', '*.a.b'].toSorted(bySpecificity)).toEqual(['a.b', '*.a.b', '*.b', '*']);
});

test.each([
  [[], 'a', 'b', true],
  [['*'], 'a', 'b', true],
  [['.'], 'a', 'a', true],
  [['.'], 'a', 'b', false],
  [['b', 'c'], 'a', 'b', true],
  [['~'], 'a', 'a', false],
])('exportTo %j of namespace %s is visible in %s: %s', (exportTo, namespace, viewer, visible) =>
  expect(isExportedTo(exportTo, namespace, viewer)).toBe(visible),
);
