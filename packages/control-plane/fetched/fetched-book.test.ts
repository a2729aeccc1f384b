import { ManualClock } from '@tulle/xds/manual-clock.fixture';
import { expect, test } from 'vitest';
import { FetchedBook } from './fetched-book.ts';

const wanted = (...keys: readonly string[]) => new Map(keys.map((key) => [key, `from ${key}`]));
const minute = 60_000;

/** Answers in the order in which they are asked for; an Error: a failure. */
function book(...answers: readonly (string | Error)[]) {
  const clock = new ManualClock();
  const asked: string[] = [];
  const changes: boolean[] = [];
  const one = new FetchedBook<string, string>({
    fetch: async (source) => {
      asked.push(source);
      const answer = answers[asked.length - 1] ?? 'none';
      if (typeof answer === 'string') return { value: answer, freshMs: 20 * minute };
      throw answer;
    },
    isSame: (a, b) => a === b,
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

test('a value is fetched once, and anew when it is no longer fresh; the same again changes nothing', async () => {
  const { book: kept, asked, changes, settled, pass } = book('one', 'one', 'two');
  kept.want(wanted('a'));
  kept.want(wanted('a'));
  await settled();
  expect([asked.length, kept.values.get('a')]).toEqual([1, 'one']);
  const before = kept.values;
  await pass(20 * minute - 1);
  expect(asked.length).toBe(1);
  await pass(1);
  expect(asked.length).toBe(2);
  expect(kept.values).toBe(before);
  await pass(20 * minute);
  expect(kept.values.get('a')).toBe('two');
  expect(changes).toEqual([true, true]);
});

test('the last good value is kept while others can’t be had, which is tried again ever more slowly', async () => {
  const { book: kept, asked, changes, settled, pass } = book('one', new Error('no'), new Error('no'), 'two');
  kept.want(wanted('a'));
  await settled();
  await pass(20 * minute);
  expect([kept.values.get('a'), kept.failure('a')]).toEqual(['one', 'no']);
  await pass(1_000);
  expect(asked.length).toBe(3);
  await pass(1_999);
  expect(asked.length).toBe(3);
  await pass(1);
  expect([kept.values.get('a'), kept.failure('a')]).toEqual(['two', undefined]);
  expect(changes).toEqual([true, false, true]);
});

test('what nobody wants any more is not asked for', async () => {
  const { book: kept, asked, settled, pass } = book('one', 'two');
  kept.want(wanted('a'));
  await settled();
  kept.want(wanted('b'));
  await settled();
  await pass(20 * minute);
  expect(asked).toEqual(['from a', 'from b', 'from b']);
  expect([...kept.values.keys()]).toEqual(['b']);
  kept.close();
  await pass(60 * minute);
  expect(asked.length).toBe(3);
});

test('those that do not answer take no more than their part; those behind them come in their turn', async () => {
  const asked: string[] = [];
  const answers: (() => void)[] = [];
  const kept = new FetchedBook<string, string>({
    fetch: (source) => {
      asked.push(source);
      return new Promise((resolve) => answers.push(() => resolve({ value: 'one', freshMs: minute })));
    },
    isSame: (a, b) => a === b,
    clock: new ManualClock(),
    known: new Map(),
    onChange: () => {},
  });
  const keys = Array.from({ length: 1_200 }, (_, at) => `${at}`);
  kept.want(wanted(...keys));
  expect(asked.length).toBe(64);
  expect([kept.failure('999'), kept.failure('1000')]).toEqual([
    undefined,
    'it is not asked for, as more than 1000 would be',
  ]);
  // Who is wanted no longer is not waited for, and makes room.
  kept.want(wanted(...keys.slice(0, 64), 'another', ...keys.slice(900)));
  for (const answer of answers.splice(0)) answer();
  await new Promise((resolve) => setImmediate(resolve));
  expect(asked.slice(64, 66)).toEqual(['from 900', 'from 901']);
  expect(asked.length).toBe(128);
  expect(kept.failure('1000')).toBeUndefined();
  kept.close();
  for (const answer of answers.splice(0)) answer();
  await new Promise((resolve) => setImmediate(resolve));
  expect(asked.length).toBe(128);
});
