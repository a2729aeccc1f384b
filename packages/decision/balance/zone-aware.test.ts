import { describe, expect, it } from 'vitest';
import { host, seeded, shares, spread, type TestHost } from './balancing.fixture.ts';
import { type BalancingOptions, LoadBalancer } from './load-balancer.ts';
import { type Callers, type Located, zoneShares } from './zone-aware.ts';

/** So many healthy hosts in each zone; `-` before a number: ill ones. */
const zones = (...counts: readonly (readonly [zone: string, count: number])[]): Located[] =>
  counts.flatMap(([locality, count]) =>
    Array.from({ length: Math.abs(count) }, () => ({ locality, healthy: count > 0 })),
  );
const callers = (instances: readonly Located[], locality = 'a'): Callers => ({ locality, instances });
const sharesOf = (hosts: readonly Located[], from: Callers, minHosts = 1, panicPercent = 0) => {
  const found = zoneShares(hosts, from, minHosts, panicPercent);
  return found && Object.fromEntries(found);
};

describe('shares of zones', () => {
  it('everything stays where the zone has as large a part of the hosts as of the callers', () => {
    expect(sharesOf(zones(['a', 5], ['b', 5]), callers(zones(['a', 2], ['b', 2])))).toEqual({ a: 1 });
    expect(sharesOf(zones(['a', 6], ['b', 4]), callers(zones(['a', 1], ['b', 1])))).toEqual({ a: 1 });
  });

  it('what the own zone cannot carry goes where there is capacity to spare, in proportion', () => {
    // The example of Envoy's source: 25 % of the hosts for 40 % of the callers; 10 and 5 % are to spare elsewhere.
    const found = sharesOf(
      zones(['a', 25], ['b', 50], ['c', 25]),
      callers(zones(['a', 40], ['b', 40], ['c', 20])),
    );
    expect(found?.a).toBeCloseTo(25 / 40);
    expect(found?.b).toBeCloseTo((15 / 40) * (10 / 15));
    expect(found?.c).toBeCloseTo((15 / 40) * (5 / 15));
  });

  it('every host gets about the same from all callers together', () => {
    const hosts = zones(['a', 3], ['b', 5], ['c', 2]);
    const instances = zones(['a', 6], ['b', 1], ['c', 3]);
    const load: Record<string, number> = {};
    for (const { locality } of instances)
      for (const [zone, share] of zoneShares(hosts, callers(instances, locality), 1, 0) ?? [])
        load[zone] = (load[zone] ?? 0) + share;
    for (const [zone, count] of [
      ['a', 3],
      ['b', 5],
      ['c', 2],
    ] as const)
      expect((load[zone] ?? 0) / count).toBeCloseTo(1);
  });

  it('a zone without hosts sends to those with capacity to spare', () => {
    expect(sharesOf(zones(['b', 1], ['c', 1]), callers(zones(['a', 2], ['b', 2])))).toEqual({ c: 1 });
    expect(sharesOf(zones(['a', -1], ['b', 1], ['c', 1]), callers(zones(['a', 2], ['b', 2])))).toEqual({
      c: 1,
    });
  });

  it('the health of both sides counts', () => {
    const from = callers(zones(['a', 2], ['b', 2]));
    expect(sharesOf(zones(['a', 2], ['a', -2], ['b', 4]), from)).toEqual({
      a: 2 / 3,
      b: expect.closeTo(1 / 3),
    });
    // Half of the callers elsewhere are ill: two thirds of the calls come from here.
    expect(sharesOf(zones(['a', 4], ['b', 4]), callers(zones(['a', 2], ['b', 1], ['b', -1])))).toEqual({
      a: 0.75,
      b: expect.closeTo(0.25),
    });
  });

  it.each([
    ['one zone of hosts', zones(['a', 9]), callers(zones(['a', 1], ['b', 1]))],
    ['one zone of callers', zones(['a', 9], ['b', 9]), callers(zones(['a', 2]))],
    ['too few healthy hosts', zones(['a', 3], ['b', 2], ['b', -9]), callers(zones(['a', 1], ['b', 1]))],
    ['no caller known here', zones(['a', 9], ['b', 9]), callers(zones(['b', 1], ['c', 1]))],
    ['a place that is not known', zones(['', 9], ['b', 9]), callers(zones(['', 1], ['b', 1]), '')],
    ['too many ill callers', zones(['a', 9], ['b', 9]), callers(zones(['a', 1], ['b', -2]))],
    ['no healthy host', zones(['a', -9], ['b', -9]), callers(zones(['a', 1], ['b', 1]))],
  ])('zones do not count with %s', (_, hosts, from) => {
    expect(sharesOf(hosts, from, 6, 50)).toBeUndefined();
  });

  it('callers that are all ill are no reason to leave the zone, or to prefer another', () => {
    const ill = zones(['a', -1], ['b', -1]);
    expect(sharesOf(zones(['a', 1], ['b', 9]), callers(ill))).toEqual({ a: 1 });
    expect(sharesOf(zones(['b', 1], ['c', 3]), callers(ill))).toEqual({ b: 0.25, c: 0.75 });
  });
});

describe('balancing by zones', () => {
  const create = (more: Partial<BalancingOptions> = {}) =>
    new LoadBalancer<TestHost>({
      policy: { kind: 'round-robin' },
      panicPercent: 0,
      localityWeighted: false,
      zoneAware: { percent: 100, minHosts: 6 },
      callers: () => callers(zones(['a', 4], ['b', 4], ['c', 2])),
      random: seeded(),
      now: () => 0,
      ...more,
    });
  const members = (): TestHost[] =>
    (['aa', 'bbbbb', 'ccc'] as const).flatMap((group) =>
      [...group].map((locality, at) => host(`${locality}${at}`, 1, { locality })),
    );
  const picks = 20_000;
  /** Held to five standard deviations of the binomial distribution. */
  const expectZones = (balancer: LoadBalancer<TestHost>, expected: Readonly<Record<string, number>>) => {
    const byZone: Record<string, number> = {};
    for (const [key, count] of Object.entries(shares(picks, () => balancer.pick())))
      byZone[key[0] as string] = (byZone[key[0] as string] ?? 0) + count;
    for (const zone of new Set([...Object.keys(expected), ...Object.keys(byZone)]))
      expect(Math.abs((byZone[zone] ?? 0) - picks * (expected[zone] ?? 0)), zone).toBeLessThanOrEqual(
        spread(picks, expected[zone] ?? 0),
      );
  };

  it.each(['round-robin', 'least-request', 'random'] as const)('%s: zones first, then hosts', (kind) => {
    const policy = kind === 'least-request' ? { kind, choices: 2, activeBias: 1 } : { kind };
    const balancer = create({ policy });
    balancer.rebuild(members());
    // 20 % of the hosts for 40 % of the callers; 10 % are to spare in each of the others.
    expectZones(balancer, { a: 0.5, b: 0.25, c: 0.25 });
  });

  it('a share of the requests may be told not to look at zones', () => {
    const balancer = create({ zoneAware: { percent: 40, minHosts: 6 } });
    balancer.rebuild(members());
    expectZones(balancer, { a: 0.4 * 0.5 + 0.6 * 0.2, b: 0.4 * 0.25 + 0.6 * 0.5, c: 0.4 * 0.25 + 0.6 * 0.3 });
  });

  it('too few endpoints, a hash or panic: as if there were no zones', () => {
    const few = create({ zoneAware: { percent: 100, minHosts: 11 } });
    few.rebuild(members());
    expectZones(few, { a: 0.2, b: 0.5, c: 0.3 });
    const panic = create({ panicPercent: 60 });
    panic.rebuild(members().map((one, at) => ({ ...one, healthy: at < 5 })));
    expect(panic.panic).toBe(true);
    expectZones(panic, { a: 0.2, b: 0.5, c: 0.3 });
  });

  it('only the first priority has zones', () => {
    const balancer = create();
    const second = members().map((one) => ({ ...one, key: `${one.key}'`, priority: 1 }));
    balancer.rebuild([...members().map((one) => ({ ...one, healthy: false })), ...second]);
    expectZones(balancer, { a: 0.2, b: 0.5, c: 0.3 });
  });

  it('follows who calls from the next rebuild on', () => {
    let instances = zones(['a', 1], ['b', 9]);
    const balancer = create({ callers: () => callers(instances) });
    balancer.rebuild(members());
    expectZones(balancer, { a: 1 });
    instances = zones(['a', 4], ['b', 4], ['c', 2]);
    balancer.rebuild(members());
    expectZones(balancer, { a: 0.5, b: 0.25, c: 0.25 });
  });
});
