import { expect, test } from 'vitest';
import { FailedListeners } from './failed-listeners.ts';

const update = (...names: string[]) => ({
  type: 'listener' as const,
  resources: names.map((name) => ({ name, version: '1', bytes: new Uint8Array() })),
  removed: [],
});

test('asks again only when something has changed, and refuses what can not be bound', () => {
  const asked: string[] = [];
  const failed = new FailedListeners((names) => asked.push(names.join()));
  failed.report([]);
  expect(asked).toEqual([]);
  failed.report([{ listener: 'a', reason: 'taken' }]);
  failed.report([{ listener: 'a', reason: 'taken' }]);
  expect(asked.splice(0)).toEqual(['a']);
  expect(failed.rejections(update('a', 'b'), [])).toEqual([{ name: 'a', reason: 'taken' }]);
  expect(failed.rejections(update('a'), [{ name: 'a', reason: 'malformed' }])).toEqual([]);
  failed.report([
    { listener: 'a', reason: 'no such address' },
    { listener: 'b', reason: 'taken' },
  ]);
  expect(asked.splice(0)).toEqual(['a,b']);
  failed.report([]);
  expect(asked.splice(0)).toEqual(['a,b']);
  expect(failed.rejections(update('a', 'b'), [])).toEqual([]);
});
