import { expect, test } from 'vitest';
import { Race } from './race.ts';

class Runner {
  abandoned = false;
  abandon(): void {
    this.abandoned = true;
  }
}

/** A race whose first two are late, the third under way. */
function threeSideBySide() {
  const race = new Race<Runner>();
  const runners = [new Runner(), new Runner(), new Runner()] as const;
  for (const [place, runner] of runners.entries()) {
    race.current = runner;
    if (place < 2) race.overtake();
  }
  return { race, runners };
}

test('one alone: it leaves, and nobody runs', () => {
  const race = new Race<Runner>();
  expect(race.running).toBe(false);
  const only = new Runner();
  race.current = only;
  expect([race.has(only), race.running]).toEqual([true, true]);
  expect(race.leave(only)).toBe(true);
  expect([race.has(only), race.running]).toEqual([false, false]);
});

test('one alone wins over nobody', () => {
  const race = new Race<Runner>();
  const only = new Runner();
  race.current = only;
  expect(race.settle(only)).toBe(false);
  expect([race.current, only.abandoned]).toEqual([only, false]);
});

test.each([0, 1, 2])('number %d answers first: the others are given up', (winner) => {
  const { race, runners } = threeSideBySide();
  const first = runners[winner] as Runner;
  expect(race.settle(first)).toBe(true);
  expect(runners.map(({ abandoned }) => abandoned)).toEqual([0, 1, 2].map((place) => place !== winner));
  expect(race.current).toBe(first);
  expect(runners.filter((runner) => race.has(runner))).toEqual([first]);
});

test('a late one that fails leaves the one under way alone', () => {
  const { race, runners } = threeSideBySide();
  expect(race.leave(runners[0])).toBe(false);
  expect(race.current).toBe(runners[2]);
  expect(race.leave(runners[2])).toBe(true);
  expect(race.running).toBe(true);
  expect(race.leave(runners[1])).toBe(false);
  expect(race.running).toBe(false);
});

test('all are given up with the request', () => {
  const { race, runners } = threeSideBySide();
  race.abandon();
  expect(runners.every(({ abandoned }) => abandoned)).toBe(true);
  expect(race.running).toBe(false);
});
