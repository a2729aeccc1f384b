import { describe, expect, it } from 'vitest';
import { host, hosts, seeded, shares, spread, type TestHost } from './balancing.fixture.ts';
import { type BalancingOptions, LoadBalancer } from './load-balancer.ts';

const create = (more: Partial<BalancingOptions> = {}) =>
  new LoadBalancer<TestHost>({
    policy: { kind: 'round-robin' },
    panicPercent: 50,
    localityWeighted: false,
    random: seeded(),
    now: () => 0,
    ...more,
  });

describe('health', () => {
  it('leaves unhealthy hosts out until the panic threshold', () => {
    const balancer = create();
    const members = [host('a'), host('b'), host('c', 1, { healthy: false })];
    balancer.rebuild(members);
    expect(Object.keys(shares(20, () => balancer.pick())).sort()).toEqual(['a', 'b']);
    (members[1] as TestHost).healthy = false;
    balancer.rebuild(members);
    expect(balancer.panic).toBe(true);
    expect(Object.keys(shares(20, () => balancer.pick())).sort()).toEqual(['a', 'b', 'c']);
  });

  it('has no host when none is healthy and panic is off', () => {
    const balancer = create({ panicPercent: 0 });
    balancer.rebuild([host('a', 1, { healthy: false })]);
    expect(balancer.pick()).toBeUndefined();
    balancer.rebuild([host('a', 1, { healthy: false }), host('b', 1, { healthy: false, priority: 1 })]);
    expect(balancer.pick()).toBeUndefined();
  });
});

describe('priorities', () => {
  const levels = (healthyFirst: number, healthySecond: number): TestHost[] => [
    ...Array.from({ length: 10 }, (_, i) => host(`p0-${i}`, 1, { healthy: i < healthyFirst })),
    ...Array.from({ length: 10 }, (_, i) => host(`p1-${i}`, 1, { priority: 1, healthy: i < healthySecond })),
  ];
  const second = (balancer: LoadBalancer<TestHost>, picks: number): number =>
    Object.entries(shares(picks, () => balancer.pick())).reduce(
      (sum, [key, count]) => sum + (key.startsWith('p1') ? count : 0),
      0,
    );

  // Envoy's documentation of priority levels: overprovisioning by 1.4.
  it.each([
    { first: 10, beyond: 0 },
    { first: 8, beyond: 0 },
    { first: 7, beyond: 0.02 },
    { first: 5, beyond: 0.3 },
    { first: 1, beyond: 0.86 },
    { first: 0, beyond: 1 },
  ])('$first of 10 healthy: $beyond goes to the next level', ({ first, beyond }) => {
    const balancer = create({ panicPercent: 0 });
    balancer.rebuild(levels(first, 10));
    const picks = 10_000;
    expect(Math.abs(second(balancer, picks) - picks * beyond)).toBeLessThanOrEqual(spread(picks, beyond));
  });

  it('what all together cannot carry is shared in proportion', () => {
    const balancer = create({ panicPercent: 0 });
    balancer.rebuild(levels(1, 3));
    expect(Math.abs(second(balancer, 10_000) - 7_500)).toBeLessThanOrEqual(spread(10_000, 0.75));
  });

  it('does not panic in one level while others can carry all; when each is below the threshold, in all', () => {
    const balancer = create({ panicPercent: 50 });
    balancer.rebuild(levels(2, 10));
    expect(balancer.panic).toBe(false);
    balancer.rebuild(levels(2, 2));
    expect(balancer.panic).toBe(true);
    const picks = 10_000;
    expect(Math.abs(second(balancer, picks) - picks / 2)).toBeLessThanOrEqual(spread(picks, 0.5));
  });

  it('a key stays in its level while shares stay', () => {
    const policy = { kind: 'ring-hash', minRingSize: 1024, maxRingSize: 8192 } as const;
    const balancer = create({ panicPercent: 0, policy });
    balancer.rebuild(levels(5, 10));
    for (let key = 0; key < 2 ** 32; key += 40_000_003) {
      const owner = balancer.pick(key);
      for (let again = 0; again < 3; again++) expect(balancer.pick(key)).toBe(owner);
    }
  });
});

describe('weighted localities', () => {
  const zone = (name: string, count: number, localityWeight: number, healthy = count): TestHost[] =>
    Array.from({ length: count }, (_, i) =>
      host(`${name}-${i}`, 1, { locality: `r/${name}`, localityWeight, healthy: i < healthy }),
    );
  const share = (balancer: LoadBalancer<TestHost>, name: string, picks: number): number =>
    Object.entries(shares(picks, () => balancer.pick())).reduce(
      (sum, [key, count]) => sum + (key.startsWith(name) ? count : 0),
      0,
    );

  it('count by weight, not by their numbers of hosts', () => {
    const balancer = create({ localityWeighted: true });
    balancer.rebuild([...zone('a', 1, 70), ...zone('b', 9, 30)]);
    expect(Math.abs(share(balancer, 'a', 10_000) - 7_000)).toBeLessThanOrEqual(spread(10_000, 0.7));
  });

  it('lose what their healthy hosts cannot carry', () => {
    const balancer = create({ localityWeighted: true, panicPercent: 0 });
    // 50 · min(1, 1.4 · 5/10) = 35 against 50
    balancer.rebuild([...zone('a', 10, 50, 5), ...zone('b', 10, 50)]);
    const expected = 35 / 85;
    expect(Math.abs(share(balancer, 'a', 10_000) - 10_000 * expected)).toBeLessThanOrEqual(
      spread(10_000, expected),
    );
  });
});

describe('warm-up', () => {
  const warmUp = { windowMs: 60_000, aggression: 1, minimumPercent: 10 };
  const share = (elapsed: number, policy: BalancingOptions['policy']): number => {
    const balancer = create({ policy, now: () => elapsed });
    const old = hosts(4, { since: -1_000_000 });
    balancer.rebuild([...old, host('new', 1, { since: 0 })]);
    const picks = 20_000;
    return (shares(picks, () => balancer.pick()).new ?? 0) / picks;
  };

  it.each([
    { elapsed: 0, factor: 0.1 },
    { elapsed: 3_000, factor: 0.1 },
    { elapsed: 15_000, factor: 0.25 },
    { elapsed: 45_000, factor: 0.75 },
    { elapsed: 60_000, factor: 1 },
  ])('after $elapsed ms of a minute a new host weighs $factor of its weight', ({ elapsed, factor }) => {
    const expected = factor / (4 + factor);
    for (const policy of [
      { kind: 'round-robin', warmUp } as const,
      { kind: 'least-request', choices: 2, activeBias: 1, warmUp } as const,
    ])
      expect(Math.abs(share(elapsed, policy) - expected) * 20_000).toBeLessThanOrEqual(
        spread(20_000, expected),
      );
  });

  it('grows faster at first with a greater aggression', () => {
    const steep = { ...warmUp, aggression: 2 };
    // (15 s / 60 s) ^ (1 / 2)
    expect(share(15_000, { kind: 'round-robin', warmUp: steep })).toBeCloseTo(0.5 / 4.5, 2);
  });

  it('follows time while requests are few: each turn is weighed anew', () => {
    let now = 0;
    const policy = { kind: 'round-robin', warmUp } as const;
    const balancer = create({ policy, now: () => now });
    balancer.rebuild([...hosts(4, { since: -1_000_000 }), host('new')]);
    expect(balancer.warming).toBe(true);
    now = 60_000;
    shares(50, () => balancer.pick());
    expect(shares(500, () => balancer.pick()).new).toBeCloseTo(100, -1);
    balancer.rebuild([host('new')]);
    expect(balancer.warming).toBe(false);
  });
});

it('priorities that were tried are left while others have a healthy host', () => {
  const balancer = new LoadBalancer({
    policy: { kind: 'round-robin' },
    panicPercent: 0,
    localityWeighted: false,
    random: seeded(5),
    now: () => 0,
  });
  const near = host('near', 1);
  const far = host('far', 1, { priority: 1 });
  const farther = host('farther', 1, { priority: 2, healthy: false });
  balancer.rebuild([near, far, farther]);
  expect(balancer.pick()?.key).toBe('near');
  expect(balancer.pickBeyond(new Set([0]))?.key).toBe('far');
  expect(balancer.pickBeyond(new Set([0, 1]))?.key).toBe('near');
  expect(balancer.pickBeyond(new Set([1]))?.key).toBe('near');
});
