import { describe, expect, test } from 'vitest';
import type { LocalityLbSetting } from '../../model/istio.ts';
import { type LocalityPolicy, withTopology } from '../../model/traffic/locality.ts';
import { type Placeable, place } from './locality.ts';

interface Named extends Placeable {
  readonly name: string;
}
const at = (name: string, locality: string, weight = 1, labels = {}): Named => ({
  name,
  locality,
  weight,
  labels: withTopology(labels, { locality, network: '', cluster: '' }),
});

const placed = (
  endpoints: readonly Named[],
  setting: LocalityLbSetting,
  locality: string,
  labels = {},
  kind: LocalityPolicy['kind'] = 'locality',
) =>
  place(endpoints, {
    policy: { kind, ...setting },
    client: withTopology(labels, { locality, network: '', cluster: '' }),
    key: '',
  }).map(({ priority, weight, members }) => ({ priority, weight, members: members.map(({ name }) => name) }));

const priorities = (...of: Parameters<typeof placed>) =>
  placed(...of).map(({ priority, members }) => `${priority} ${members.join()}`);

const everywhere = [
  at('far', 'r3/z/s'),
  at('next-region', 'r2/z/s'),
  at('region', 'r1/z2/s'),
  at('zone', 'r1/z1/s2'),
  at('here', 'r1/z1/s1'),
];

describe('failover', () => {
  test('the same subzone, zone, region, then the rest; priorities have no gaps', () => {
    expect(priorities(everywhere, {}, 'r1/z1/s1')).toEqual([
      '0 here',
      '1 zone',
      '2 region',
      '3 next-region',
      '3 far',
    ]);
    expect(priorities(everywhere.slice(0, 3), {}, 'r1/z1/s1')).toEqual([
      '0 region',
      '1 next-region',
      '1 far',
    ]);
  });

  test('a region that is named takes over before all others', () => {
    const setting = { failover: [{ from: 'r1', to: 'r3' }] };
    expect(priorities(everywhere, setting, 'r1/z1/s1').slice(3)).toEqual(['3 far', '4 next-region']);
    expect(priorities(everywhere, setting, 'r2/z/s')).toEqual(
      ['0 next-region', '1 region', '1 zone', '1 here', '1 far'].toSorted((a, b) => compareByLocality(a, b)),
    );
  });

  test('a client that does not know where it is prefers nobody', () => {
    expect(priorities(everywhere, {}, '').every((one) => one.startsWith('0 '))).toBe(true);
  });
});

/** Within a priority groups are in the order of their localities. */
const order = ['0 next-region', '1 here', '1 zone', '1 region', '1 far'];
const compareByLocality = (a: string, b: string): number => order.indexOf(a) - order.indexOf(b);

describe('failoverPriority', () => {
  const endpoints = [
    at('both', 'r1', 1, { network: 'n1', version: 'v1' }),
    at('first', 'r1', 1, { network: 'n1', version: 'v2' }),
    at('second-only', 'r2', 1, { network: 'n2', version: 'v1' }),
  ];

  test('endpoints that agree in more of the labels, from the first on, come first', () => {
    expect(
      priorities(endpoints, { failoverPriority: ['network', 'version'] }, '', {
        network: 'n1',
        version: 'v1',
      }),
    ).toEqual(['0 both', '1 first', '2 second-only']);
  });

  test('a value may be named instead of the client’s own', () => {
    expect(priorities(endpoints, { failoverPriority: ['version=v2'] }, '', { version: 'v1' })).toEqual([
      '0 first',
      '1 both',
      '1 second-only',
    ]);
  });

  test('topology counts as labels', () => {
    expect(
      priorities(everywhere, { failoverPriority: ['topology.kubernetes.io/region'] }, 'r1/z1/s1'),
    ).toEqual(['0 here', '0 zone', '0 region', '1 next-region', '1 far']);
  });

  test('regions come after labels, where both are named', () => {
    const setting = { failoverPriority: ['version'], failover: [{ from: 'r1', to: 'r2' }] };
    const some = [
      at('other-version', 'r1/z1/s1', 1, { version: 'v2' }),
      at('far', 'r3', 1, { version: 'v1' }),
      at('next', 'r2', 1, { version: 'v1' }),
    ];
    expect(priorities(some, setting, 'r1/z1/s1', { version: 'v1' })).toEqual([
      '0 next',
      '1 far',
      '2 other-version',
    ]);
  });
});

describe('distribute', () => {
  const endpoints = [at('a', 'r1/z1/s1'), at('b', 'r1/z2/s1', 3), at('c', 'r1/z2/s2'), at('d', 'r2/z/s')];

  test('shares by locality; one for several is divided by their weights; others get nothing', () => {
    const distribute = [{ from: 'r1/z1/*', to: { 'r1/z1/*': 80, 'r1/z2/*': 20 } }];
    expect(placed(endpoints, { distribute }, 'r1/z1/s9')).toEqual([
      { priority: 0, weight: 8_000, members: ['a'] },
      { priority: 0, weight: 1_500, members: ['b'] },
      { priority: 0, weight: 500, members: ['c'] },
    ]);
  });

  test('the first that is from where the client is holds; elsewhere localities weigh what their endpoints do', () => {
    const distribute = [
      { from: 'r2/*', to: { 'r2/*': 100 } },
      { from: 'r1', to: { r1: 100 } },
    ];
    expect(placed(endpoints, { distribute }, 'r2/z/s').map(({ members }) => members)).toEqual([['d']]);
    expect(placed(endpoints, { distribute }, 'r9').map(({ weight }) => weight)).toEqual([1, 3, 1, 1]);
  });

  test('of shares that cover one locality the most specific counts', () => {
    const distribute = [{ from: '*', to: { '*': 30, 'r1/z2/s2': 70 } }];
    const shares = placed(endpoints, { distribute }, 'r1');
    expect(shares.find(({ members }) => members[0] === 'c')?.weight).toBe(7_000);
    expect(shares.find(({ members }) => members[0] === 'a')?.weight).toBe(600);
  });
});

describe('zones', () => {
  const zones = (setting: LocalityLbSetting, locality: string, labels = {}, endpoints = everywhere) =>
    priorities(endpoints, setting, locality, labels, 'zone');

  test('all of the own region come first, whatever their zone; other regions are for when they fail', () => {
    expect(zones({}, 'r1/z1/s1').toSorted()).toEqual([
      '0 here',
      '0 region',
      '0 zone',
      '1 far',
      '1 next-region',
    ]);
  });

  test('failover says which region is next', () => {
    const setting = { failover: [{ from: 'r1', to: 'r3' }] };
    expect(zones(setting, 'r1/z1/s1').slice(3)).toEqual(['1 far', '2 next-region']);
  });

  test('regions part the tiers of failoverPriority, too', () => {
    const endpoints = [
      at('same', 'r1/z2', 1, { version: 'v1' }),
      at('same-elsewhere', 'r2/z1', 1, { version: 'v1' }),
      at('other', 'r1/z1', 1, { version: 'v2' }),
      at('other-elsewhere', 'r2/z1', 1, { version: 'v2' }),
    ];
    expect(zones({ failoverPriority: ['version'] }, 'r1/z1', { version: 'v1' }, endpoints)).toEqual([
      '0 same',
      '1 same-elsewhere',
      '2 other',
      '3 other-elsewhere',
    ]);
  });
});
