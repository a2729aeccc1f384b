import { expect, test } from 'vitest';
import { median } from '../measure/sample.ts';
import { scenarios } from '../scenarios/index.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { type Figures, ratioOf } from './results.ts';

const figures = (more: Partial<Figures>): Figures => ({
  cpuUsPerRequest: null,
  requestsPerSecond: null,
  p50Us: null,
  p99Us: null,
  p999Us: null,
  rssBytes: null,
  ...more,
});
const named = (name: string): Scenario => scenarios.find((each) => each.name === name) as Scenario;

test('the median is the middle one, or the mean of both', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([])).toBeNaN();
});

test('ratios are of CPU per request; of bytes per CPU second where bytes count; of memory for idle connections', () => {
  const [ours, theirs] = [
    figures({ cpuUsPerRequest: 10, rssBytes: 30 }),
    figures({ cpuUsPerRequest: 40, rssBytes: 20 }),
  ];
  expect(ratioOf(named('http1'), ours, theirs)).toBe(0.25);
  expect(ratioOf(named('bulk-1mib'), ours, theirs)).toBe(4);
  expect(ratioOf(named('idle-connections'), ours, theirs)).toBe(1.5);
});

test('what was not measured has no ratio', () => {
  expect(ratioOf(named('http1'), figures({ cpuUsPerRequest: 10 }), undefined)).toBeNull();
  expect(ratioOf(named('http1'), figures({}), figures({ cpuUsPerRequest: 10 }))).toBeNull();
});
