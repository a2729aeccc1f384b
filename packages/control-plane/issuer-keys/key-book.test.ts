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

test('issuers that do not answer take no more than their part; those behind them come in their turn', async () => {
  const asked: string[] = [];
  const answers: (() => void)[] = [];
  const keys = new KeyBook({
    fetch: ({ url }) => {
      asked.push(url);
      return new Promise((resolve) => answers.push(() => resolve('keys')));
    },
    clock: new ManualClock(),
    known: new Map(),
    onChange: () => {},
  });
  const sources = Array.from({ length: 1_200 }, (_, at) => source(`http://${at}`));
  keys.want(sources);
  expect(asked.length).toBe(64);
  expect([keys.failure('http://999'), keys.failure('http://1000')]).toEqual([
    undefined,
    'it is not asked, as more than 1000 URLs would be',
  ]);
  // Who is wanted no longer is not waited for, and makes room.
  keys.want([...sources.slice(0, 64), source('http://another'), ...sources.slice(900)]);
  for (const answer of answers.splice(0)) answer();
  await new Promise((resolve) => setImmediate(resolve));
  expect(asked.slice(64, 66)).toEqual(['http://900', 'http://901']);
  expect(asked.length).toBe(128);
  expect(keys.failure('http://1000')).toBeUndefined();
  keys.close();
  for (const answer of answers.splice(0)) answer();
  await new Promise((resolve) => setImmediate(resolve));
  expect(asked.length).toBe(128);
});
