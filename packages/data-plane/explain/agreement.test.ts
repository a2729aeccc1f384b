import { expect, it } from 'vitest';
import { compare } from './agreement.fixture.ts';

/** TULLE_EXPLAIN_PAIRS: how many; the long suite runs 100,000 (tests/explain.long.ts). */
const pairs = Number(process.env.TULLE_EXPLAIN_PAIRS ?? 2_000);

it(`${pairs} generated pairs of configuration and request: explained as a live proxy decides`, {
  timeout: 600_000,
}, async () => {
  const agreement = await compare(Math.ceil(pairs / 20), 20, 1);
  expect(agreement.disagreements.slice(0, 10)).toEqual([]);
  // Every protocol, at sidecars and at gateways.
  expect(agreement.kinds.size).toBe(10);
  expect(agreement.routed).toBeGreaterThan(pairs / 2);
  expect(agreement.pairs).toBeGreaterThanOrEqual(pairs);
});
