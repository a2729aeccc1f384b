import { expect, test } from 'vitest';
import { VirtualClock } from '../timers/virtual-clock.fixture.ts';
import { TimerWheel } from '../timers/wheel.ts';
import { Keepalive } from './keepalive.ts';

function watched() {
  const clock = new VirtualClock();
  const host = {
    heard: 0,
    pings: 0,
    silent: 0,
    ping: (): void => void host.pings++,
    onSilence: (): void => void host.silent++,
  };
  const keepalive = new Keepalive(host, new TimerWheel({ clock }), { intervalMs: 10_000, timeoutMs: 1_000 });
  return { clock, host, keepalive };
}

test('asks after each interval, and is content with any sign of life', () => {
  const { clock, host } = watched();
  for (let asked = 1; asked <= 3; asked++) {
    clock.advance(10_100);
    expect(host.pings).toBe(asked);
    host.heard++;
    clock.advance(1_100);
  }
  expect(host.silent).toBe(0);
});

test('a peer that says nothing in time is gone, and is told of once', () => {
  const { clock, host } = watched();
  host.heard = 5;
  clock.advance(10_100);
  clock.advance(60_000);
  expect([host.pings, host.silent]).toEqual([1, 1]);
});

test('asks nothing once it is stopped', () => {
  const { clock, host, keepalive } = watched();
  keepalive.stop();
  clock.advance(60_000);
  expect(host.pings).toBe(0);
});
