import { expect, test } from 'vitest';
import { seeded } from './balance/balancing.fixture.ts';
import { abortOf, delayOf } from './fault.ts';
import { pickCluster } from './match.ts';

const draws = 100_000;

/**
 * How often something of probability `p` may happen in `n` draws: n·p ± 4.9 standard deviations of the binomial
 * distribution (√(n·p·(1−p))), which a right implementation leaves with one seed in a million.
 */
function expectShare(count: number, n: number, p: number): void {
  const bound = 4.9 * Math.sqrt(n * p * (1 - p));
  expect(Math.abs(count - n * p)).toBeLessThanOrEqual(bound);
}

const headers = { set: [], add: [], remove: [] };
const none = { requestHeaders: headers, responseHeaders: headers };

test.each([
  [[75, 25], 1],
  [[1, 1, 1], 2],
  [[3, 1], 3],
  [[99, 1], 4],
  [[0, 5, 0, 15], 5],
  [[1, 9_999], 6],
])('weights %j share requests in proportion to their sum', (weights, seed) => {
  const clusters = weights.map((weight, index) => ({ name: String(index), weight, ...none }));
  const totalWeight = weights.reduce((sum, weight) => sum + weight, 0);
  const random = seeded(seed);
  const counts = weights.map(() => 0);
  for (let i = 0; i < draws; i++) {
    const index = Number(pickCluster({ clusters, totalWeight }, random)?.name);
    counts[index] = (counts[index] as number) + 1;
  }
  weights.forEach((weight, index) => {
    expectShare(counts[index] as number, draws, weight / totalWeight);
  });
});

test.each([0, 1, 500, 100_000, 333_333, 999_999, 1_000_000])(
  'faults in %s millionths of the requests, delays and aborts apart',
  (fraction) => {
    const rule = { delay: { ms: 5, fraction }, abort: { status: 503, fraction } };
    const random = seeded(fraction + 7);
    let delays = 0;
    let aborts = 0;
    let both = 0;
    for (let i = 0; i < draws; i++) {
      const delayed = delayOf(rule, random) > 0;
      const aborted = abortOf(rule, random) !== undefined;
      if (delayed) delays++;
      if (aborted) aborts++;
      if (delayed && aborted) both++;
    }
    const p = fraction / 1_000_000;
    expectShare(delays, draws, p);
    expectShare(aborts, draws, p);
    expectShare(both, draws, p * p);
  },
);
