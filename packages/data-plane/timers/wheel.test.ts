import fc from 'fast-check';
import { expect, test } from 'vitest';
import { VirtualClock } from './virtual-clock.fixture.ts';
import { TimerWheel } from './wheel.ts';

test('a timer fires once, at the first tick at or after its deadline', () => {
  const clock = new VirtualClock();
  const wheel = new TimerWheel({ clock });
  const fired: number[] = [];
  wheel.timer(() => fired.push(clock.now())).start(120);
  clock.advance(119);
  expect(fired).toEqual([]);
  clock.advance(500);
  expect(fired).toEqual([150]);
});

test('a timer beyond one turn of the wheel waits its turns', () => {
  const clock = new VirtualClock();
  const wheel = new TimerWheel({ clock, slots: 8 });
  let fired = 0;
  wheel.timer(() => fired++).start(3_000);
  clock.advance(2_999);
  expect(fired).toBe(0);
  clock.advance(1);
  expect(fired).toBe(1);
});

test('the wheel sleeps when nothing is armed', () => {
  const clock = new VirtualClock();
  const wheel = new TimerWheel({ clock });
  expect(clock.tickers).toBe(0);
  const timer = wheel.timer(() => {});
  timer.start(100);
  expect(clock.tickers).toBe(1);
  timer.stop();
  expect(clock.tickers).toBe(0);
  clock.advance(10_000);
  timer.start(60);
  clock.advance(100);
  expect(timer.armed).toBe(false);
  expect(clock.tickers).toBe(0);
});

test('a callback may stop its neighbour and start itself again', () => {
  const clock = new VirtualClock();
  const wheel = new TimerWheel({ clock });
  let runs = 0;
  const neighbour = wheel.timer(() => {
    throw new Error('was stopped');
  });
  const timer = wheel.timer(() => {
    neighbour.stop();
    if (++runs < 3) timer.start(50);
  });
  timer.start(100);
  neighbour.start(100);
  clock.advance(1_000);
  expect(runs).toBe(3);
  expect(wheel.armed).toBe(0);
});

test('any schedule fires each timer once and within a tick', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 5_000 }), fc.boolean()), { maxLength: 50 }),
      (plan) => {
        const clock = new VirtualClock();
        const wheel = new TimerWheel({ clock, slots: 16 });
        const fired = new Map<number, number>();
        plan.forEach(([delay, stopped], index) => {
          const timer = wheel.timer(() => {
            expect(fired.has(index)).toBe(false);
            fired.set(index, clock.now());
          });
          timer.start(delay);
          if (stopped) timer.stop();
        });
        clock.advance(6_000);
        plan.forEach(([delay, stopped], index) => {
          if (stopped) expect(fired.has(index)).toBe(false);
          else {
            expect(fired.get(index)).toBeGreaterThanOrEqual(delay);
            expect(fired.get(index)).toBeLessThanOrEqual(delay + 100);
          }
        });
        expect(wheel.armed).toBe(0);
      },
    ),
    { numRuns: 50 },
  );
});
