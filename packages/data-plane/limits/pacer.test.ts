import fc from 'fast-check';
import { expect, test } from 'vitest';
import { VirtualClock } from '../timers/virtual-clock.fixture.ts';
import { TimerWheel } from '../timers/wheel.ts';
import { Pacer, Pacers } from './pacer.ts';

function made(bytesPerSecond: number, share = () => 1) {
  const clock = new VirtualClock();
  return { clock, pacer: new Pacer(bytesPerSecond, new TimerWheel({ clock }), share) };
}

test('a second’s worth passes at once, then what fills in; who waits longest goes first', () => {
  const { clock, pacer } = made(1_000);
  expect(pacer.open).toBe(true);
  pacer.spend(1_500);
  expect(pacer.open).toBe(false);
  const order: string[] = [];
  for (const name of ['a', 'b'])
    pacer.wait(() => {
      order.push(`${name} at ${clock.now()}`);
      pacer.spend(200);
    });
  clock.advance(2_000);
  expect(order).toEqual(['a at 550', 'b at 750']);
});

test('who gives up is passed over, and the timer rests', () => {
  const { clock, pacer } = made(1_000);
  pacer.spend(2_000);
  const order: string[] = [];
  const cancel = pacer.wait(() => order.push('gone'));
  pacer.wait(() => order.push('stays'));
  cancel();
  clock.advance(5_000);
  expect(order).toEqual(['stays']);
  expect(clock.tickers).toBe(0);
});

test('workers share a rate evenly', () => {
  const { clock, pacer } = made(1_000, () => 0.25);
  expect(pacer.open).toBe(true);
  pacer.spend(500);
  clock.advance(900);
  expect(pacer.open).toBe(false);
  clock.advance(200);
  expect(pacer.open).toBe(true);
});

test('whatever sizes come, no more than the rate passes, and all of it does', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 100, max: 100_000 }),
      fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 60 }),
      (rate, sizes) => {
        const { clock, pacer } = made(rate);
        let passed = 0;
        let count = 0;
        const most = (): number => rate * (1 + clock.now() / 1_000);
        for (const size of sizes) {
          const pass = (): void => {
            expect(passed).toBeLessThanOrEqual(most() + 1e-6);
            passed += size;
            count++;
            pacer.spend(size);
          };
          if (pacer.open) pass();
          else pacer.wait(pass);
        }
        const total = sizes.reduce((sum, size) => sum + size, 0);
        clock.advance((total / rate) * 1_000 + 50 * (sizes.length + 1));
        expect(count).toBe(sizes.length);
      },
    ),
  );
});

test('the same limit is the same pacer; each client has its own', () => {
  const pacers = new Pacers(new TimerWheel({ clock: new VirtualClock() }), () => 1);
  expect(pacers.shared('a', 1)).toBe(pacers.shared('a', 1));
  expect(pacers.shared('a', 1)).not.toBe(pacers.shared('a', 2));
  expect(pacers.ofSource('a', 1, 'x')).toBe(pacers.ofSource('a', 1, 'x'));
  expect(pacers.ofSource('a', 1, 'x')).not.toBe(pacers.ofSource('a', 1, 'y'));
});
