import { expect, test } from 'vitest';
import { alarm } from './clock.ts';
import { ManualClock } from './manual-clock.fixture.ts';

const hour = 3_600_000;

function set(inMs: number) {
  const clock = new ManualClock();
  const begin = clock.now();
  const runs: number[] = [];
  const timer = alarm(clock, begin + inMs, () => runs.push(clock.now() - begin));
  return { clock, runs, timer };
}

test('an alarm goes off at its time, once', () => {
  const { clock, runs } = set(12 * hour + 1);
  clock.advance(12 * hour);
  expect(runs).toEqual([]);
  clock.advance(hour);
  expect(runs).toEqual([12 * hour + 1]);
  expect(clock.pending).toBe(0);
});

test('a machine that has slept over it, or whose clock was set, finds that out within seconds', () => {
  const { clock, runs } = set(12 * hour);
  clock.advance(hour);
  clock.jump(20 * hour);
  clock.advance(5_000);
  expect(runs).toEqual([21 * hour + 5_000]);
});

test('one whose clock was set back waits for the time', () => {
  const { clock, runs } = set(2 * hour);
  clock.advance(hour);
  clock.jump(-hour);
  clock.advance(2 * hour - 1);
  expect(runs).toEqual([]);
  clock.advance(1);
  expect(runs).toEqual([2 * hour]);
});

test('what is past goes off at once; what is cancelled does not', () => {
  const past = set(-hour);
  past.clock.advance(0);
  expect(past.runs).toEqual([0]);
  const { clock, runs, timer } = set(hour);
  clock.advance(30 * 60_000);
  timer.cancel();
  clock.advance(hour);
  expect(runs).toEqual([]);
});
