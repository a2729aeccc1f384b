import { compare } from '@tulle/data-plane/explain/agreement.fixture';
import { expect, it } from 'vitest';

it('100,000 generated pairs of configuration and call, in every protocol: explained as a live proxy decides', async () => {
  const { pairs, disagreements } = await compare(5_000, 20, 1_000_000);
  expect(disagreements).toEqual([]);
  expect(pairs).toBe(100_000);
});
