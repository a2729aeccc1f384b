import type { OutlierDetection } from '@tulle/decision/tables/cluster';
import { describe, expect, it } from 'vitest';
import { endpoint } from '../testing/tables.ts';
import { VirtualClock } from '../timers/virtual-clock.fixture.ts';
import { TimerWheel } from '../timers/wheel.ts';
import { EndpointState } from './endpoint.ts';
import { OutlierDetector } from './outlier.ts';

const config: OutlierDetection = {
  consecutive5xx: 3,
  consecutiveGatewayErrors: 2,
  intervalMs: 1_000,
  baseEjectionMs: 3_000,
  maxEjectionMs: 5_000,
  maxEjectionPercent: 50,
  alwaysEjectOne: true,
};

function detector(count: number, more: Partial<OutlierDetection> = {}) {
  const clock = new VirtualClock();
  const wheel = new TimerWheel({ clock });
  const endpoints = Array.from({ length: count }, (_, i) => new EndpointState(endpoint(1000 + i)));
  let changes = 0;
  const made = new OutlierDetector(
    wheel,
    () => endpoints,
    () => changes++,
  );
  made.configure({ ...config, ...more });
  const [first, second, third] = endpoints as [EndpointState, EndpointState, EndpointState];
  const fail = (state: EndpointState, status: number, times: number): void => {
    for (let i = 0; i < times; i++) made.answered(state, status);
  };
  return { clock, wheel, made, endpoints, first, second, third, fail, changes: () => changes };
}

describe('outlier detection', () => {
  it('ejects after failures in a row, and only in a row', () => {
    const { first, fail, made, changes } = detector(4);
    fail(first, 500, 2);
    made.answered(first, 200);
    fail(first, 500, 2);
    expect(first.healthy).toBe(true);
    made.answered(first, 500);
    expect(first.healthy).toBe(false);
    expect(changes()).toBe(1);
  });

  it('counts gateway errors by themselves', () => {
    const { first, second, fail } = detector(4);
    fail(first, 503, 2);
    expect(first.ejected).toBe(true);
    fail(second, 503, 1);
    fail(second, 500, 1);
    fail(second, 200, 1);
    expect(second.ejected).toBe(false);
  });

  it('counts the answers that are called errors, as 5xx; no others', () => {
    const { first, second, fail } = detector(4, { errors: new Set([429, 503]) });
    fail(first, 500, 9);
    expect(first.ejected).toBe(false);
    fail(first, 429, 3);
    expect(first.ejected).toBe(true);
    fail(second, 503, 2);
    expect(second.ejected).toBe(true);
  });

  it('an active check that passes lets it in again, unless that is switched off', () => {
    const { first, fail, made, changes } = detector(4);
    fail(first, 503, 2);
    expect(first.ejected).toBe(true);
    made.checkPassed(first);
    expect(first.ejected).toBe(false);
    expect(changes()).toBe(2);
    fail(first, 503, 1);
    expect(first.ejected).toBe(false);
    const kept = detector(4, { keepsThroughChecks: true });
    kept.fail(kept.first, 503, 2);
    kept.made.checkPassed(kept.first);
    expect(kept.first.ejected).toBe(true);
  });

  it('lets it in again after a time that grows up to a maximum, and forgets slowly', () => {
    const { first, fail, clock, wheel } = detector(4);
    const timeOut = (): number => {
      fail(first, 500, 3);
      let waited = 0;
      for (; first.ejected; waited += 500) clock.advance(500);
      return waited;
    };
    const [once, twice, thrice] = [timeOut(), timeOut(), timeOut()];
    expect(once).toBeGreaterThanOrEqual(3_000);
    expect(once).toBeLessThanOrEqual(4_100);
    expect(twice).toBeGreaterThanOrEqual(5_000);
    expect(thrice).toBeLessThanOrEqual(6_100);
    clock.advance(20_000);
    expect(first.ejections).toBe(0);
    expect(wheel.armed).toBe(0);
  });

  it('leaves enough: one may always go, then the percentage holds', () => {
    const { first, second, third, fail, made } = detector(4);
    for (const state of [first, second, third]) fail(state, 500, 3);
    expect([first, second, third].map((state) => state.ejected)).toEqual([true, true, false]);
    expect(made.overflows).toBe(1);
    const few = detector(2, { maxEjectionPercent: 10 });
    few.fail(few.first, 500, 3);
    few.fail(few.second, 500, 3);
    expect([few.first.ejected, few.second.ejected]).toEqual([true, false]);
  });

  it('keeps the percentage from the first on, unless one may always go', () => {
    const { first, fail, made } = detector(4, { maxEjectionPercent: 24, alwaysEjectOne: false });
    fail(first, 500, 3);
    expect(first.ejected).toBe(false);
    expect(made.overflows).toBe(1);
    const enough = detector(4, { maxEjectionPercent: 25, alwaysEjectOne: false });
    enough.fail(enough.first, 500, 3);
    expect(enough.first.ejected).toBe(true);
  });

  it('counts failures to get an answer as 5xx and gateway errors', () => {
    const { first, made } = detector(4);
    made.failed(first, 504);
    made.reached(first);
    made.failed(first, 503);
    expect(first.ejected).toBe(true);
  });

  it('counts them apart where that is asked for: neither makes the other longer or shorter', () => {
    const { first, second, fail, made } = detector(4, { consecutiveLocalFailures: 3 });
    made.failed(first, 503);
    made.failed(first, 503);
    fail(first, 500, 2);
    made.answered(first, 200);
    expect(first.ejected).toBe(false);
    made.failed(first, 504);
    expect(first.ejected).toBe(true);
    made.failed(second, 503);
    made.failed(second, 503);
    made.reached(second);
    made.failed(second, 503);
    expect(second.ejected).toBe(false);
  });

  it('does not count them where their limit is 0', () => {
    const { first, made } = detector(4, { consecutiveLocalFailures: 0 });
    for (let i = 0; i < 20; i++) made.failed(first, 503);
    expect(first.ejected).toBe(false);
  });

  it('a connection of bytes that is made ends the row of those that were not', () => {
    const { first, made } = detector(4);
    made.failed(first, 503);
    made.reached(first, true);
    made.failed(first, 503);
    expect(first.ejected).toBe(false);
  });

  it('lets all in when it is switched off', () => {
    const { first, fail, made, wheel } = detector(4);
    fail(first, 500, 3);
    made.configure(undefined);
    expect(first.healthy).toBe(true);
    expect(wheel.armed).toBe(0);
  });
});
