import { ManualClock } from '@tulle/xds/manual-clock.fixture';
import { expect, test } from 'vitest';
import type { KeySource } from '../model/security/request-authentication.ts';
import { KeyBook } from './key-book.ts';

const source = (url: string): KeySource => ({ url, isDiscovery: false, timeoutMs: 1_000 });
const minute = 60_000;

/** Answers in the order in which they are asked for; an Error: a failure. */
function book(...answers: readonly (string | Error)[]) {
  const clock = new ManualClock();
  const asked: string[] = [];
  const changes: boolean[] = [];
  const one = new KeyBook({
    fetch: async ({ url }) => {
      asked.push(url);
      const answer = answers[asked.length - 1] ?? 'none';
      if (typeof answer === 'string') return answer;
      throw answer;
    },
    clock,
    known: new Map(),
    onChange: (isNew) => changes.push(isNew),
  });
  /** Everything that was asked has come. */
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const pass = async (ms: number) => {
    clock.advance(ms);
    await settled();
  };
  return { book: one, asked, changes, settled, pass };
}

test('keys are fetched once, and anew every 20 minutes; the same again changes nothing', async () => {
  const { book: keys, asked, changes, settled, pass } = book('one', 'one', 'two');
  keys.want([source('http://a')]);
  keys.want([source('http://a')]);
  await settled();
  expect([asked.length, keys.keySets.get('http://a')]).toEqual([1, 'one']);
  const before = keys.keySets;
  await pass(20 * minute - 1);
  expect(asked.length).toBe(1);
  await pass(1);
  expect(asked.length).toBe(2);
  expect(keys.keySets).toBe(before);
  await pass(20 * minute);
  expect(keys.keySets.get('http://a')).toBe('two');
  expect(changes).toEqual([true, true]);
});

test('the last good keys are kept while others can’t be had, which is tried again ever more slowly', async () => {
  const { book: keys, asked, changes, settled, pass } = book('one', new Error('no'), new Error('no'), 'two');
  keys.want([source('http://a')]);
  await settled();
  await pass(20 * minute);
  expect([keys.keySets.get('http://a'), keys.failure('http://a')]).toEqual(['one', 'no']);
  await pass(1_000);
  expect(asked.length).toBe(3);
  await pass(1_999);
  expect(asked.length).toBe(3);
  await pass(1);
  expect([keys.keySets.get('http://a'), keys.failure('http://a')]).toEqual(['two', undefined]);
  expect(changes).toEqual([true, false, true]);
});

test('what nobody wants any more is not asked for', async () => {
  const { book: keys, asked, settled, pass } = book('one', 'two');
  keys.want([source('http://a')]);
  await settled();
  keys.want([source('http://b')]);
  await settled();
  await pass(20 * minute);
  expect(asked).toEqual(['http://a', 'http://b', 'http://b']);
  expect([...keys.keySets.keys()]).toEqual(['http://b']);
  keys.close();
  await pass(60 * minute);
  expect(asked.length).toBe(3);
});
