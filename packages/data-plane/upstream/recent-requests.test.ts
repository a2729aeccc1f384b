import { expect, it } from 'vitest';
import { RecentRequests } from './recent-requests.ts';

it('counts what came within the interval, to a tenth of it', () => {
  const recent = new RecentRequests(1000);
  for (let now = 0; now < 1000; now += 10) recent.add(now);
  expect(recent.count(990)).toBe(100);
  // The first tenth is over.
  expect(recent.count(1000)).toBe(90);
  expect(recent.count(1450)).toBe(50);
  recent.add(1450);
  expect(recent.count(1950)).toBe(1);
  expect(recent.count(1_000_000)).toBe(0);
  recent.add(1_000_000);
  expect(recent.count(1_000_000)).toBe(1);
});
