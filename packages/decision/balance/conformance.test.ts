import { describe, expect, it } from 'vitest';
import type { BalancerPolicy } from '../tables/cluster.ts';
import { byWeight, host, hosts, seeded, shares, spread, type TestHost } from './balancing.fixture.ts';
import { createBalancer } from './index.ts';
import { LoadBalancer } from './load-balancer.ts';

/** Places of a host on the ring or in the table vary themselves: a share's standard deviation, relative to it. */
const ofPlaces = (places: number): number => 1 / Math.sqrt(places);

const policies: readonly { readonly policy: BalancerPolicy; readonly variation: number }[] = [
  { policy: { kind: 'round-robin' }, variation: 0 },
  { policy: { kind: 'least-request', choices: 2, activeBias: 1 }, variation: 0 },
  { policy: { kind: 'random' }, variation: 0 },
  { policy: { kind: 'ring-hash', minRingSize: 1024, maxRingSize: 8192 }, variation: ofPlaces(256) },
  { policy: { kind: 'maglev', tableSize: 65_537 }, variation: ofPlaces(65_537 / 8) },
];

describe.each(policies)('every balancer: $policy.kind', ({ policy, variation }) => {
  const create = () => createBalancer<TestHost>(policy, seeded());

  it('has nothing to pick from nothing', () => {
    const balancer = create();
    expect(balancer.pick()).toBeUndefined();
    expect(balancer.pick(1)).toBeUndefined();
    balancer.rebuild([], byWeight, true);
    expect(balancer.pick()).toBeUndefined();
    expect(balancer.pick(1)).toBeUndefined();
    balancer.rebuild(hosts(3), byWeight, true);
    balancer.rebuild([], byWeight, true);
    expect(balancer.pick()).toBeUndefined();
  });

  it('uses every host, in proportion to its weight', () => {
    const balancer = create();
    balancer.rebuild([host('a', 1), host('b', 2), host('c', 5)], byWeight, true);
    const picks = 40_000;
    const counts = shares(picks, () => balancer.pick());
    for (const [key, weight] of [
      ['a', 1],
      ['b', 2],
      ['c', 5],
    ] as const) {
      const share = weight / 8;
      const bound = spread(picks, share) + 5 * variation * share * picks;
      expect(Math.abs((counts[key] ?? 0) - picks * share)).toBeLessThanOrEqual(bound);
    }
  });

  it('uses hosts of one weight alike, and only those of the last set', () => {
    const balancer = create();
    balancer.rebuild(hosts(20), byWeight, true);
    balancer.pick();
    const ten = hosts(10);
    balancer.rebuild(ten, byWeight, true);
    const picks = 50_000;
    const counts = shares(picks, () => balancer.pick());
    expect(Object.keys(counts).sort()).toEqual(ten.map(({ key }) => key).sort());
    for (const count of Object.values(counts))
      expect(Math.abs(count - picks / 10)).toBeLessThanOrEqual(
        spread(picks, 0.1) + (5 * variation * picks) / 10,
      );
    balancer.rebuild([host('c')], byWeight, true);
    expect(shares(50, () => balancer.pick())).toEqual({ c: 50 });
  });

  it('follows weights that localities give its hosts', () => {
    const balancer = new LoadBalancer<TestHost>({
      policy,
      panicPercent: 0,
      localityWeighted: true,
      random: seeded(),
      now: () => 0,
    });
    const near = hosts(2, { locality: 'r/near', localityWeight: 80 });
    const far = [host('far', 7, { locality: 'r/far', localityWeight: 20 })];
    const none = [host('none', 1, { locality: 'r/none', localityWeight: 0 })];
    balancer.rebuild([...near, ...far, ...none]);
    const picks = 40_000;
    const counts = shares(picks, () => balancer.pick());
    const bound = spread(picks, 0.2) + 5 * variation * 0.2 * picks;
    expect(Math.abs((counts.far ?? 0) - picks * 0.2)).toBeLessThanOrEqual(bound);
    expect(counts.none).toBeUndefined();
    for (const { key } of near)
      expect(Math.abs((counts[key] ?? 0) - picks * 0.4)).toBeLessThanOrEqual(
        spread(picks, 0.4) + 5 * variation * 0.4 * picks,
      );
  });
});

describe('round robin', () => {
  it('is even, and keeps its place when hosts change', () => {
    const [a, b, c] = [host('a'), host('b'), host('c')];
    const balancer = createBalancer<TestHost>({ kind: 'round-robin' }, () => 0);
    balancer.rebuild([a, b, c], byWeight, true);
    expect([balancer.pick(), balancer.pick()]).toEqual([b, c]);
    balancer.rebuild([a, c, b], byWeight, true);
    expect(balancer.pick()).toBe(b);
  });

  it('spreads weights evenly', () => {
    const balancer = createBalancer<TestHost>({ kind: 'round-robin' }, () => 0);
    balancer.rebuild([host('a', 3), host('b', 1)], byWeight, true);
    for (let round = 0; round < 100; round++)
      expect(shares(4, () => balancer.pick())).toEqual({ a: 3, b: 1 });
  });
});

describe('least request', () => {
  it('prefers the less busy of two: with two hosts it takes the busy one only when it draws it twice', () => {
    const balancer = createBalancer<TestHost>({ kind: 'least-request', choices: 2, activeBias: 1 }, seeded());
    balancer.rebuild([host('busy', 1, { active: 10 }), host('idle')], byWeight, true);
    const counts = shares(4_000, () => balancer.pick());
    expect(Math.abs((counts.busy ?? 0) - 1_000)).toBeLessThanOrEqual(spread(4_000, 0.25));
  });

  it.each([
    // weight / (requests under way + 1) ^ bias
    { bias: 1, weights: [2, 1 / 4] },
    { bias: 2, weights: [2, 1 / 16] },
    { bias: 0.5, weights: [2, 1 / 2] },
    { bias: 0, weights: [2, 1] },
  ])('where weights differ requests under way count by the bias $bias', ({ bias, weights }) => {
    const policy = { kind: 'least-request', choices: 2, activeBias: bias } as const;
    const balancer = createBalancer<TestHost>(policy, seeded());
    balancer.rebuild([host('idle', 2), host('busy', 1, { active: 3 })], byWeight, true);
    const [idle, busy] = weights as [number, number];
    const picks = 9_000;
    // Turns are exact but for the first and the last.
    expect(shares(picks, () => balancer.pick()).busy).toBeCloseTo((picks * busy) / (idle + busy), -1);
  });
});
