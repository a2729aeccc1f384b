import type { Resource } from '@tulle/resources/kind';
import { expect, test } from 'vitest';
import { discovered } from './discovery-selectors.ts';

const namespace = (name: string, labels: Record<string, string>): Resource => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
});
const namespaces = [namespace('shop', { team: 'shop', env: 'prod' }), namespace('lab', { env: 'test' })];
const looksAt = (...selectors: Parameters<typeof discovered>[0]): string[] =>
  ['shop', 'lab', 'unknown', 'tulle-system', ''].filter(discovered(selectors, namespaces));

test('all without selectors; always its own namespace and what is of none', () => {
  expect(looksAt()).toEqual(['shop', 'lab', 'unknown', 'tulle-system', '']);
  expect(looksAt({ matchLabels: { env: 'none' } })).toEqual(['tulle-system', '']);
});

test.each([
  [[{ matchLabels: { env: 'prod', team: 'shop' } }], ['shop']],
  [
    [{ matchLabels: { env: 'prod' } }, { matchLabels: { env: 'test' } }],
    ['shop', 'lab'],
  ],
  [[{ matchExpressions: [{ key: 'env', operator: 'In', values: ['test', 'x'] }] }], ['lab']],
  [[{ matchExpressions: [{ key: 'env', operator: 'NotIn', values: ['test'] }] }], ['shop', 'unknown']],
  [[{ matchExpressions: [{ key: 'team', operator: 'Exists' }] }], ['shop']],
  [[{ matchExpressions: [{ key: 'env', operator: 'DoesNotExist' }] }], ['unknown']],
  [[{ matchLabels: { 'kubernetes.io/metadata.name': 'unknown' } }], ['unknown']],
] as const)('%j', (selectors, expected) => {
  expect(looksAt(...selectors).filter((name) => name !== '' && name !== 'tulle-system')).toEqual(expected);
});
