import { join } from 'node:path';
import { xdsTypes } from '@tulle/xds/resource';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { NetworkGateway, Networks } from '../../model/mesh/networks.ts';
import { buildModel, type Model, updateInstances } from '../../model/model.ts';
import type { ClusterRef } from '../clusters/cluster-ref.ts';
import { compile } from '../compile.ts';
import { readCase } from '../testing/golden-case.ts';
import { place } from './locality.ts';
import { type Networked, parted, throughGateways } from './through-gateways.ts';

interface Known extends Networked {
  readonly address: string;
}

const gateway = (address: string): NetworkGateway => ({ address, port: 15443, service: undefined });
const gateways: Networks['gateways'] = new Map([
  ['two', ['g1', 'g2', 'g3'].map(gateway)],
  ['three', ['g4', 'g5'].map(gateway)],
  ['closed', []],
]);
const networks: Networks = {
  names: undefined,
  config: { isSplit: true, own: '', written: {}, gateways: new Map() },
  gateways,
};
const ref = { network: 'one' } as ClusterRef;
const client = { 'topology.kubernetes.io/region': 'west', 'topology.kubernetes.io/zone': 'a' };
const placements = [
  undefined,
  { policy: { kind: 'locality' as const }, client, key: '' },
  {
    policy: {
      kind: 'locality' as const,
      distribute: [{ from: 'west/*', to: { 'west/a/*': 60, 'west/b/*': 25, 'east/a/*': 10, '/*': 5 } }],
    },
    client,
    key: '',
  },
];

const known: fc.Arbitrary<readonly Known[]> = fc
  .array(
    fc.record({
      network: fc.constantFrom('', 'one', 'two', 'three', 'four', 'closed'),
      locality: fc.constantFrom('', 'west/a/1', 'west/b/1', 'east/a/1'),
      weight: fc.integer({ min: 1, max: 9 }),
      mutual: fc.boolean(),
      isHealthy: fc.boolean(),
    }),
    { maxLength: 12 },
  )
  .map((list) => list.map((one, index) => ({ ...one, labels: {}, address: `e${index}` })));

test('what is near is reached as it is, what is far by gateways alone: every address once', () => {
  fc.assert(
    fc.property(known, fc.constantFrom(...placements), (endpoints, placement) => {
      const found = parted(ref, networks, endpoints);
      const groups = throughGateways(place([...found.near, ...found.far], placement), found, networks);
      const members = groups.flatMap((group) => group.members);
      const addresses = members.map(({ to }) => ('endpoint' in to ? to.endpoint : to.gateway).address);
      expect(new Set(addresses).size).toBe(addresses.length);
      for (const { to } of members)
        if ('endpoint' in to) expect(['', 'one', 'four']).toContain(to.endpoint.network);
      expect([...new Set(groups.map(({ priority }) => priority))]).toEqual(
        [...new Set(groups.map(({ priority }) => priority))].map((_, index) => index),
      );
      for (const { weight } of members) expect(Number.isInteger(weight)).toBe(true);
    }),
    { seed: 7 },
  );
});

test('where nobody is preferred, weights say how many endpoints are behind', () => {
  fc.assert(
    fc.property(known, (endpoints) => {
      const found = parted(ref, networks, endpoints);
      const groups = throughGateways(place([...found.near, ...found.far], undefined), found, networks);
      const members = groups.flatMap((group) => group.members);
      const sum = (list: readonly { readonly weight: number }[]): number =>
        list.reduce((all, { weight }) => all + weight, 0);
      const scale = sum(members) / Math.max(1, sum([...found.near, ...found.far]));
      for (const network of ['two', 'three']) {
        const through = members.filter(({ to }) => 'network' in to && to.network === network);
        const behind = found.far.filter((one) => one.network === network);
        expect(sum(through)).toBeCloseTo(sum(behind) * scale);
        expect(new Set(through.map(({ weight }) => weight)).size).toBeLessThanOrEqual(1);
        for (const { isHealthy } of behind) expect(isHealthy).toBe(behind.some((one) => one.isHealthy));
      }
      // The shares of localities go where their endpoints are reached.
      expect(sum(groups)).toBeCloseTo(sum([...found.near, ...found.far]));
    }),
    { seed: 8 },
  );
});

test('shares of localities go to the gateway that is reached for them', () => {
  const far = (locality: string): Known => ({
    ...{
      network: 'three',
      locality,
      weight: 1,
      mutual: true,
      isHealthy: true,
      labels: {},
      address: locality,
    },
  });
  const near: Known = { ...far('west/a/1'), network: 'one' };
  const found = { near: [near], far: [far('west/b/1'), far('east/a/1')] };
  const groups = throughGateways(place([near, ...found.far], placements[2]), found, networks);
  const shares = groups.map(({ locality, weight }) => [locality, weight] as const);
  const [[first, whole], [second, rest]] = shares as [(typeof shares)[0], (typeof shares)[0]];
  expect(shares.length).toBe(2);
  expect([first, second].toSorted()).toEqual(['east/a/1', 'west/a/1']);
  expect([whole, rest].toSorted((a, b) => a - b)).toEqual([3500, 6000]);
});

const folder = join(import.meta.dirname, '..', 'golden', 'networks');

test('gateways and networks that come and go give what a model made anew gives', () => {
  const { input, proxy } = readCase(folder);
  const inNetwork = (network: string) => ({
    ...proxy,
    id: proxy.id.replace('client-0', `${network || 'any'}-0`),
    metadata: { ...proxy.metadata, NETWORK: network },
  });
  const proxies = ['one', 'two', 'three', ''].map(inNetwork);
  const shown = (model: Model): unknown =>
    proxies.map((one) => xdsTypes.map((type) => [...compile(model, one).snapshot[type].values()]));
  fc.assert(
    fc.property(
      fc.subarray([...input.instances]),
      fc.subarray([...input.instances]),
      fc.subarray([...input.resources]),
      (before, after, resources) => {
        const first = buildModel({ ...input, instances: before });
        shown(first);
        const second = updateInstances(first, after);
        expect(shown(second)).toEqual(shown(buildModel({ ...input, instances: after })));
        const changed = { ...input, resources, instances: after };
        expect(shown(buildModel(changed, second))).toEqual(shown(buildModel(changed)));
      },
    ),
    { numRuns: 25, seed: 9 },
  );
});

test('a mesh without gateways between networks is one network: where proxies are makes no difference', () => {
  const { input, proxy } = readCase(folder);
  const resources = input.resources.filter(({ metadata }) => metadata.name !== 'eastwest');
  const model = buildModel({ ...input, mesh: {}, resources });
  const one = compile(model, proxy).snapshot;
  const two = compile(model, { ...proxy, metadata: { ...proxy.metadata, NETWORK: 'two' } }).snapshot;
  expect(one.endpoint).toBe(two.endpoint);
  for (const [name, cluster] of one.cluster)
    if (name.startsWith('outbound|')) expect(two.cluster.get(name)).toBe(cluster);
});

test('a gateway’s name stands for all its addresses; addresses that change are told as instances are', () => {
  const { input, proxy } = readCase(folder);
  const gateways = [{ address: 'gw.example.com', port: 15443 }];
  const mesh = { meshNetworks: { networks: { two: { gateways } } } };
  const resources = input.resources.filter(({ metadata }) => metadata.name !== 'eastwest');
  const named = { ...input, mesh, resources };
  const at = (...addresses: string[]): ReadonlyMap<string, readonly string[]> =>
    new Map(addresses.length === 0 ? [] : [['gw.example.com', addresses]]);
  const text = (model: Model): string =>
    [...compile(model, proxy).snapshot.endpoint.values()]
      .map(({ bytes }) => Buffer.from(bytes).toString('latin1'))
      .join();
  const first = buildModel({ ...named, gatewayNames: at() });
  expect(text(first)).not.toContain('203.0.113');
  const second = updateInstances(first, input.instances, undefined, at('203.0.113.7', '203.0.113.8'));
  for (const address of ['203.0.113.7', '203.0.113.8']) expect(text(second)).toContain(address);
  expect(text(updateInstances(second, input.instances))).toBe(text(second));
  const third = updateInstances(second, input.instances, undefined, at('203.0.113.9'));
  expect(text(third)).toBe(text(buildModel({ ...named, gatewayNames: at('203.0.113.9') })));
  expect(text(third)).not.toContain('203.0.113.7');
});
