import { describe, expect, it } from 'vitest';
import { nextInterval } from './interval.ts';
import { holdsInOrder } from './payload.ts';
import { type Outcome, Verdict } from './verdict.ts';

const thresholds = { healthyThreshold: 2, unhealthyThreshold: 3 };

function run(
  failing: boolean,
  outcomes: readonly Outcome[],
): { readonly changes: string; readonly failing: boolean } {
  const verdict = new Verdict(failing);
  const changes = outcomes.map((outcome) => verdict.report(outcome, thresholds)).join(' ');
  return { changes, failing: verdict.failing };
}

describe('thresholds', () => {
  it.each<[string, boolean, readonly Outcome[], string, boolean]>([
    ['the first success is enough', true, ['passed'], 'changed', false],
    ['the first failure of a new one leaves it out', true, ['unreachable'], 'none', true],
    [
      'later it takes as many as are asked for',
      true,
      ['unreachable', 'passed', 'passed'],
      'none pending changed',
      false,
    ],
    [
      'a success between starts anew',
      false,
      ['unreachable', 'unreachable', 'passed', 'unreachable'],
      'pending pending none pending',
      false,
    ],
    [
      'no answer, several times',
      false,
      ['unreachable', 'unreachable', 'unreachable'],
      'pending pending changed',
      true,
    ],
    ['an answer that says no needs no second', false, ['passed', 'failed'], 'none changed', true],
    [
      'a failure between starts anew',
      true,
      ['unreachable', 'passed', 'failed', 'passed'],
      'none pending none pending',
      true,
    ],
  ])('%s', (_, failing, outcomes, changes, after) => {
    expect(run(failing, outcomes)).toEqual({ changes, failing: after });
  });
});

describe('the time to the next check', () => {
  const intervals = {
    healthyMs: 100,
    unhealthyEdgeMs: 20,
    unhealthyMs: 300,
    healthyEdgeMs: 40,
    noTrafficMs: 6000,
    noTrafficHealthyMs: 7000,
    jitterMs: 10,
    jitterPercent: 50,
    initialJitterMs: 0,
  };
  it.each([
    [true, 'none', true, 100],
    [true, 'changed', true, 100],
    [true, 'pending', true, 40],
    [false, 'none', true, 300],
    [false, 'changed', true, 300],
    [false, 'pending', true, 20],
    [true, 'none', false, 7000],
    [false, 'none', false, 6000],
  ] as const)('passed %s, %s, used %s: %i ms, and its jitter', (passed, change, used, base) => {
    expect(nextInterval(intervals, passed, change, used, () => 0)).toBe(base);
    expect(nextInterval(intervals, passed, change, used, () => 0.5)).toBe(base * 1.25 + 5);
  });
});

it('finds what must be received in its order, with anything between', () => {
  const data = Buffer.from('+PONG and more');
  const holds = (...parts: string[]): boolean =>
    holdsInOrder(
      data,
      parts.map((part) => Buffer.from(part)),
    );
  expect([holds(), holds('PONG', 'more'), holds('more', 'PONG'), holds('PONG', 'NG')]).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
