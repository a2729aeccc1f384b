import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { ManualClock } from '../manual-clock.fixture.ts';
import { SendBudget, type Sender } from './send-budget.ts';

const limits = { maxBytes: 100, patienceMs: 2_000, maxSlowBytes: 150, maxSlowMs: 30_000 };

let clock: ManualClock;
let budget: SendBudget;
/** Names of those that sent, in order; `!` before those that were closed. */
let journal: string[];

beforeEach(() => {
  clock = new ManualClock();
  budget = new SendBudget(clock, limits);
  journal = [];
});

/** A stream that has responses of these sizes to send. */
function sender(name: string, sizes: number[], isNew = false): Sender {
  return {
    isNew,
    send() {
      const bytes = sizes.shift() ?? 0;
      if (bytes > 0) journal.push(name);
      return bytes;
    },
    tooSlow: (bytes, milliseconds) => journal.push(`!${name} ${bytes} ${milliseconds}`),
  };
}

test('sends at once while there is room, and makes the rest wait, who asked first comes first', () => {
  const all = ['a', 'b', 'c', 'd'].map((name) => sender(name, [60]));
  for (const one of all) budget.ask(one);
  expect(journal).toEqual(['a', 'b']);
  expect(budget.bytes).toBe(120);
  budget.taken(all[0] as Sender);
  expect(journal).toEqual(['a', 'b', 'c']);
  budget.taken(all[1] as Sender);
  budget.taken(all[2] as Sender);
  budget.taken(all[3] as Sender);
  expect(journal).toEqual(['a', 'b', 'c', 'd']);
  expect(budget.bytes).toBe(0);
  expect(clock.pending).toBe(0);
});

test('a small change does not wait for all that new streams get, and these do not starve', () => {
  const held: Sender[] = [];
  const holding = (one: Sender): Sender => {
    const same: Sender = {
      ...one,
      send() {
        held.push(same);
        return one.send();
      },
    };
    return same;
  };
  for (let at = 0; at < 10; at++) budget.ask(holding(sender('new', [100], true)));
  for (let at = 0; at < 60; at++) budget.ask(holding(sender('change', [2])));
  while (held.length > 0) budget.taken(held.shift() as Sender);
  // As many bytes each: the changes are 120 together, so one new response comes first and two get in between.
  expect(journal.lastIndexOf('change')).toBeLessThanOrEqual(62);
  expect(journal.indexOf('change')).toBe(1);
  expect(journal).toHaveLength(70);
});

test('who does not read makes others wait for two seconds, and is closed when the slow hold too much or for too long', () => {
  const stuck = ['s1', 's2', 's3', 's4'].map((name) => sender(name, [100]));
  for (const one of stuck) budget.ask(one);
  expect(journal).toEqual(['s1']);
  clock.advance(2_000);
  expect(journal).toEqual(['s1', 's2']);
  clock.advance(2_000);
  expect(journal).toEqual(['s1', 's2', '!s1 100 4000', 's3']);
  budget.taken(stuck[2] as Sender);
  expect(journal.at(-1)).toBe('s4');
  budget.taken(stuck[3] as Sender);
  clock.advance(60_000);
  expect(journal.at(-1)).toBe('!s2 100 30000');
  expect(budget.bytes).toBe(0);
  expect(clock.pending).toBe(0);
});

test('a stream that ends gives back what it held, and its turn', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => sender(name, [100])) as [Sender, Sender, Sender];
  for (const one of [a, b, c]) budget.ask(one);
  budget.forget(b);
  budget.forget(a);
  expect(journal).toEqual(['a', 'c']);
  budget.forget(c);
  expect(budget.bytes).toBe(0);
  expect(clock.pending).toBe(0);
});

test('hundreds of turns make room for other events', () => {
  const slow = Array.from({ length: 5 }, (_, at) => {
    const one = sender(`${at}`, [1]);
    return {
      ...one,
      send() {
        clock.spend(5);
        return one.send();
      },
    };
  });
  const holder = sender('holder', [100]);
  budget.ask(holder);
  for (const one of slow) budget.ask(one);
  budget.taken(holder);
  expect(journal).toEqual(['holder', '0', '1']);
  clock.advance(0);
  expect(journal).toEqual(['holder', '0', '1', '2', '3']);
});

test('whatever comes: no more than a response above the bounds, and all is sent in the end', () => {
  const size = fc.integer({ min: 1, max: 80 });
  const plan = fc.array(fc.record({ isNew: fc.boolean(), sizes: fc.array(size, { maxLength: 4 }) }), {
    minLength: 1,
    maxLength: 30,
  });
  fc.assert(
    fc.property(plan, fc.infiniteStream(fc.nat()), (streams, choices) => {
      clock = new ManualClock();
      budget = new SendBudget(clock, limits);
      journal = [];
      const sending: Sender[] = [];
      const total = streams.flatMap(({ sizes }) => sizes).length;
      for (const [at, { isNew, sizes }] of streams.entries()) {
        const inner = sender(`${at}`, [...sizes], isNew);
        const one: Sender = {
          ...inner,
          send() {
            const bytes = inner.send();
            if (bytes > 0) sending.push(one);
            return bytes;
          },
        };
        budget.ask(one);
        expect(budget.bytes).toBeLessThan(limits.maxBytes + 80);
      }
      while (sending.length > 0) {
        const [one] = sending.splice((choices.next().value as number) % sending.length, 1) as [Sender];
        budget.taken(one);
        budget.ask(one);
        expect(budget.bytes).toBeLessThan(limits.maxBytes + 80);
      }
      expect(journal).toHaveLength(total);
      expect(budget.bytes).toBe(0);
      expect(clock.pending).toBe(0);
    }),
    { numRuns: 200, seed: 7 },
  );
});

test.each([-3_600_000, 3_600_000])(
  'whoever sets the machine’s clock (by %d ms) closes nobody and stops nobody',
  (ms) => {
    budget.ask(sender('stuck', [100]));
    budget.ask(sender('next', [10]));
    clock.jump(ms);
    clock.advance(2_000);
    expect(journal).toEqual(['stuck', 'next']);
  },
);
