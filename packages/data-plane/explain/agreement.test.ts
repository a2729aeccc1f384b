import { expect, it } from 'vitest';
import { compare } from './agreement.fixture.ts';

/** TULLE_EXPLAIN_PAIRS: how many; the long suite runs 100,000 (tests/explain.long.ts). */
const pairs = Number(process.env.TULLE_EXPLAIN_PAIRS ?? 4_000);

it(`${pairs} generated pairs of configuration and request: explained as a live proxy decides`, {
  timeout: 120_000,
}, async () => {
  const agreement = await compare(Math.ceil(pairs / 20), 20, 1);
  expect(agreement.disagreements).toEqual([]);
  expect(agreement.pairs).toBeGreaterThanOrEqual(pairs);
});
