import { expect, test } from 'vitest';
import { VirtualClock } from '../../timers/virtual-clock.fixture.ts';
import { TimerWheel } from '../../timers/wheel.ts';
import { defaultHttp1Limits, type Http1Limits } from '../limits.ts';
import { Patience } from './patience.ts';

function patience(limits: Partial<Http1Limits> = {}) {
  const clock = new VirtualClock();
  const timers = new TimerWheel({ clock, tickMs: 10 });
  const outbox = { pending: 0 };
  let timeouts = 0;
  const made = new Patience(timers, { ...defaultHttp1Limits, ...limits }, outbox, () => {
    timeouts++;
  });
  return { clock, timers, outbox, patience: made, timeouts: () => timeouts };
}

test('each wait has its limit, and takes the place of the one before', () => {
  const limits = { headTimeoutMs: 100, idleTimeoutMs: 1_000, halfCloseMs: 200, flushTimeoutMs: 300 };
  for (const [wait, ms] of [
    ['forHead', 100],
    ['forRequest', 1_000],
    ['forAnswer', 200],
    ['forFlush', 300],
  ] as const) {
    const subject = patience(limits);
    subject.patience.forRequest();
    subject.patience[wait]();
    subject.clock.advance(ms - 20);
    expect(subject.timeouts(), wait).toBe(0);
    subject.clock.advance(40);
    expect(subject.timeouts(), wait).toBe(1);
    expect(subject.timers.armed, wait).toBe(0);
  }
});

test('a limit of 0 is none; without one for heads what was waited for before goes on', () => {
  const subject = patience({ headTimeoutMs: 0, idleTimeoutMs: 0, flushTimeoutMs: 0 });
  subject.patience.forRequest();
  subject.patience.forFlush();
  expect(subject.timers.armed).toBe(0);
  const idle = patience({ headTimeoutMs: 0, idleTimeoutMs: 500 });
  idle.patience.forRequest();
  idle.patience.forHead();
  idle.clock.advance(520);
  expect(idle.timeouts()).toBe(1);
});

test('who still takes our bytes is waited for, until it stops', () => {
  const subject = patience({ flushTimeoutMs: 100, lingerMs: 20 });
  subject.outbox.pending = 3_000;
  for (const [wait, ms] of [
    ['forFlush', 100],
    ['forClose', 200],
  ] as const) {
    const before = subject.timeouts();
    subject.patience[wait]();
    for (let part = 0; part < 5; part++) {
      subject.outbox.pending -= 100;
      subject.clock.advance(ms + 10);
      expect(subject.timeouts(), wait).toBe(before);
    }
    subject.clock.advance(ms + 10);
    expect(subject.timeouts(), wait).toBe(before + 1);
  }
});

test('who has taken all has a moment to close', () => {
  const subject = patience({ lingerMs: 50 });
  subject.patience.forClose();
  subject.clock.advance(70);
  expect(subject.timeouts()).toBe(1);
});
