import { describe, expect, it } from 'vitest';
import type { BalancerPolicy } from '../tables/cluster.ts';
import type { Host } from './balancer.ts';
import { createBalancer } from './index.ts';
import { LoadBalancer } from './load-balancer.ts';

interface MutableHost extends Host {
  active: number;
  healthy: boolean;
}
const host = (key: string, weight = 1, more: Partial<MutableHost> = {}): MutableHost => ({
  key,
  weight,
  priority: 0,
  active: 0,
  healthy: true,
  ...more,
});

/** A small generator with a seed: xorshift32. */
function seeded(seed = 42): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

function shares(picks: number, pick: (at: number) => Host | undefined): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let i = 0; i < picks; i++) {
    const key = pick(i)?.key ?? 'none';
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

const policies: BalancerPolicy[] = [
  { kind: 'round-robin' },
  { kind: 'least-request', choices: 2 },
  { kind: 'random' },
  { kind: 'ring-hash', minRingSize: 1024, maxRingSize: 8192 },
];

describe.each(policies)('every balancer: $kind', (policy) => {
  it('has nothing to pick from nothing', () => {
    const balancer = createBalancer(policy, seeded());
    expect(balancer.pick()).toBeUndefined();
    balancer.rebuild([]);
    expect(balancer.pick()).toBeUndefined();
  });
  it('uses every host, in proportion to its weight', () => {
    const balancer = createBalancer<MutableHost>(policy, seeded());
    balancer.rebuild([host('a', 1), host('b', 2), host('c', 5)]);
    const counts = shares(8000, () => balancer.pick());
    for (const [key, weight] of [
      ['a', 1],
      ['b', 2],
      ['c', 5],
    ] as const) {
      expect(counts[key]).toBeGreaterThan(weight * 1000 * 0.75);
      expect(counts[key]).toBeLessThan(weight * 1000 * 1.25);
    }
  });
  it('picks only from the last set', () => {
    const balancer = createBalancer<MutableHost>(policy, seeded());
    balancer.rebuild([host('a'), host('b')]);
    balancer.pick();
    balancer.rebuild([host('c')]);
    expect(shares(50, () => balancer.pick())).toEqual({ c: 50 });
  });
});

describe('round robin', () => {
  it('is even, and keeps its place when hosts change', () => {
    const [a, b, c] = [host('a'), host('b'), host('c')];
    const balancer = createBalancer<MutableHost>({ kind: 'round-robin' }, () => 0);
    balancer.rebuild([a, b, c]);
    expect([balancer.pick(), balancer.pick()]).toEqual([b, c]);
    balancer.rebuild([a, c, b]);
    expect(balancer.pick()).toBe(b);
  });
  it('spreads weights evenly', () => {
    const balancer = createBalancer<MutableHost>({ kind: 'round-robin' }, () => 0);
    balancer.rebuild([host('a', 3), host('b', 1)]);
    expect(shares(400, () => balancer.pick())).toEqual({ a: 300, b: 100 });
  });
});

describe('least request', () => {
  it('prefers the less busy of two', () => {
    const balancer = createBalancer<MutableHost>({ kind: 'least-request', choices: 2 }, seeded());
    balancer.rebuild([host('busy', 1, { active: 10 }), host('idle')]);
    const counts = shares(4000, () => balancer.pick());
    expect(counts.idle).toBeGreaterThan(2800);
  });
});

describe('ring hash', () => {
  it('moves only the share of the host that left', () => {
    const hosts = ['a', 'b', 'c', 'e', 'd'].map((key) => host(key));
    const balancer = createBalancer<MutableHost>(
      { kind: 'ring-hash', minRingSize: 1024, maxRingSize: 8192 },
      seeded(),
    );
    const keys = Array.from({ length: 1000 }, (_, i) => Math.floor((i / 1000) * 2 ** 32));
    balancer.rebuild(hosts);
    const before = keys.map((key) => balancer.pick(key)?.key);
    balancer.rebuild(hosts.slice(0, 4));
    keys.forEach((key, i) => {
      if (before[i] !== 'd') expect(balancer.pick(key)?.key).toBe(before[i]);
    });
  });
});

describe('LoadBalancer', () => {
  const create = (panic = 50) => new LoadBalancer<MutableHost>({ kind: 'round-robin' }, panic, seeded());
  it('leaves unhealthy hosts out until the panic threshold', () => {
    const balancer = create();
    const hosts = [host('a'), host('b'), host('c', 1, { healthy: false })];
    balancer.rebuild(hosts);
    expect(Object.keys(shares(20, () => balancer.pick())).sort()).toEqual(['a', 'b']);
    (hosts[1] as MutableHost).healthy = false;
    balancer.rebuild(hosts);
    expect(balancer.panic).toBe(true);
    expect(Object.keys(shares(20, () => balancer.pick())).sort()).toEqual(['a', 'b', 'c']);
  });
  it('has no host when none is healthy and panic is off', () => {
    const balancer = create(0);
    balancer.rebuild([host('a', 1, { healthy: false })]);
    expect(balancer.pick()).toBeUndefined();
  });
  it('fills later priorities only with what the earlier cannot carry', () => {
    const balancer = create(0);
    const first = Array.from({ length: 4 }, (_, i) => host(`p0-${i}`));
    balancer.rebuild([...first, host('p1', 1, { priority: 1 })]);
    expect(shares(100, () => balancer.pick()).p1).toBeUndefined();
    for (const each of first.slice(1)) each.healthy = false;
    balancer.rebuild([...first, host('p1', 1, { priority: 1 })]);
    const counts = shares(1000, () => balancer.pick());
    expect(counts['p0-0']).toBeGreaterThan(250);
    expect(counts.p1).toBeGreaterThan(550);
  });
});
