import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemoryCounters } from './memory-counters.ts';
import { type DescriptorEntry, quotaOf } from './quota.ts';
import { shouldRateLimit } from './service.ts';

const entries = (quota: string, ...values: string[]): DescriptorEntry[] => [
  { key: 'limit', value: 'default/reviews/users' },
  { key: 'quota', value: quota },
  ...values.map((value, at) => ({ key: `by${at}`, value })),
];

test('a descriptor carries its quota; values that are named have another', () => {
  const quota = '100/60\t["=jason"] 1000\t["=a b"] 7';
  const of = (value: string) => quotaOf('tulle', entries(quota, value));
  expect(of('=ann')).toMatchObject({ name: 'users', requests: 100, windowSeconds: 60 });
  expect(of('=jason')?.requests).toBe(1000);
  expect(of('=a b')?.requests).toBe(7);
  expect(of('=ann')?.key).not.toBe(of('=bob')?.key);
});

test.each(['', '100', '100/', '-1/60', '100/60s'])('%j is no quota', (quota) => {
  expect(quotaOf('tulle', entries(quota))).toBeUndefined();
});

test('values of any length and with any bytes are told apart', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 2_000 }), fc.string({ maxLength: 2_000 }), (one, other) => {
      fc.pre(one !== other);
      const keys = [one, other].map((value) => quotaOf('tulle', entries('1/1', value))?.key);
      expect(keys[0]).not.toBe(keys[1]);
    }),
  );
});

test('what callers say makes keys of bounded length, still told apart', () => {
  const key = (domain: string, limit: string) =>
    quotaOf(domain, [
      { key: 'limit', value: limit },
      { key: 'quota', value: '1/1' },
    ])?.key ?? '';
  const long = 'x'.repeat(1_000_000);
  const keys = [key(long, 'a'), key(`${long}y`, 'a'), key('a', long), key('a', `${long}y`), key('a', 'a')];
  expect(new Set(keys).size).toBe(5);
  for (const one of keys) expect(one.length).toBeLessThan(2_000);
});

test('windows are fixed, and say what is left and when they end', async () => {
  const counters = new MemoryCounters();
  const ask = async (now: number) => (await shouldRateLimit(counters, 'd', [entries('2/10')], 1, now))[0];
  expect(await ask(61_000)).toEqual({
    overLimit: false,
    limit: { name: 'users', requests: 2, windowSeconds: 10, remaining: 1, resetMs: 9_000 },
  });
  expect((await ask(62_000))?.overLimit).toBe(false);
  expect(await ask(63_500)).toMatchObject({ overLimit: true, limit: { remaining: 0, resetMs: 6_500 } });
  expect((await ask(70_000))?.limit?.remaining).toBe(1);
});

test('what has no limit is let through, and does not shift the others', async () => {
  const counters = new MemoryCounters();
  const descriptors = [[{ key: 'other', value: 'x' }], entries('1/10')];
  await shouldRateLimit(counters, 'd', descriptors, 1, 0);
  const [none, limited] = await shouldRateLimit(counters, 'd', descriptors, 1, 0);
  expect(none).toEqual({ overLimit: false });
  expect(limited?.overLimit).toBe(true);
});

test('one question does not ask for everything', async () => {
  const descriptors = Array.from({ length: 1_001 }, (_, at) => entries('9/10', String(at)));
  await expect(shouldRateLimit(new MemoryCounters(), 'd', descriptors, 1, 0)).rejects.toThrow('descriptors');
});

test('counts are bounded: those that are over go first, then the oldest', async () => {
  const counters = new MemoryCounters(2);
  const add = async (value: string, now: number) => {
    const quota = quotaOf('d', entries('9/10', value));
    return quota === undefined ? -1 : (await counters.add([quota], 1, now))[0];
  };
  await add('a', 0);
  await add('b', 0);
  await add('c', 0);
  expect(await add('b', 1)).toBe(2);
  expect(await add('a', 1)).toBe(1);
  expect(await add('x', 10_000)).toBe(1);
});
