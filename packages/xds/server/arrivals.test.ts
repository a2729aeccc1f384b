import { expect, test } from 'vitest';
import type { Timer } from '../clock.ts';
import { ManualClock } from '../manual-clock.fixture.ts';
import { Arrivals } from './arrivals.ts';

test('who comes is looked at in order, 10 ms at a time; a pause hears how long the slice was', () => {
  const clock = new ManualClock();
  const pauses: number[] = [];
  const pause = (spentMs: number, run: () => void): Timer => {
    pauses.push(spentMs);
    return clock.after(30, run);
  };
  const arrivals = new Arrivals(clock, pause);
  const seen: number[] = [];
  const looks = Array.from({ length: 7 }, (_, at) => () => {
    seen.push(at);
    clock.spend(4);
  });
  for (const look of looks) arrivals.add(look);
  expect(seen).toEqual([0, 1, 2]);
  expect(pauses).toEqual([12]);
  // It has left meanwhile.
  arrivals.forget(looks[3] as () => void);
  clock.advance(29);
  expect(seen).toHaveLength(3);
  clock.advance(1);
  expect(seen).toEqual([0, 1, 2, 4, 5, 6]);
  clock.advance(100);
  expect(clock.pending).toBe(0);
  arrivals.add(() => seen.push(7));
  expect(seen.at(-1)).toBe(7);
});
