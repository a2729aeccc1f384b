import type { Host } from './balancer.ts';

/** A host whose state a test changes. */
export interface TestHost extends Host {
  active: number;
  healthy: boolean;
  since: number;
}

export const host = (key: string, weight = 1, more: Partial<TestHost> = {}): TestHost => ({
  key,
  weight,
  priority: 0,
  locality: '',
  localityWeight: 0,
  active: 0,
  healthy: true,
  since: 0,
  ...more,
});

export const hosts = (count: number, more: Partial<TestHost> = {}): TestHost[] =>
  Array.from({ length: count }, (_, i) => host(`10.0.${i >> 8}.${i & 255}:80`, 1, more));

export const byWeight = ({ weight }: Host): number => weight;

/** A small generator with a seed: xorshift32. */
export function seeded(seed = 42): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

export function shares(picks: number, pick: (at: number) => Host | undefined): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let i = 0; i < picks; i++) {
    const key = pick(i)?.key ?? 'none';
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

/**
 * How far from `trials * share` a count may be: five standard deviations of the binomial distribution, which a right
 * implementation exceeds with one seed in two million.
 */
export const spread = (trials: number, share: number): number => 5 * Math.sqrt(trials * share * (1 - share));
