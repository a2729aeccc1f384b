import { expect, test } from 'vitest';
import { formatPath } from './path.ts';

test('paths read as they are written in messages', () => {
  expect(formatPath([])).toBe('');
  expect(formatPath(['spec', 'http', 0, 'match'])).toBe('spec.http[0].match');
  expect(formatPath(['metadata', 'labels', 'app.kubernetes.io/name'])).toBe(
    'metadata.labels["app.kubernetes.io/name"]',
  );
  expect(formatPath([2, 'x-y'])).toBe('[2].x-y');
});
