import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Service } from './service.ts';
import { serviceAddresses } from './service-addresses.ts';

const range = '240.240.0.0/16';

function service(name: string, more: Partial<Service> = {}): Service {
  return {
    created: '2025-01-01T00:00:00Z',
    namespace: 'default',
    name,
    host: `${name}.default.svc.cluster.local`,
    key: `default/${name}`,
    origin: { kind: 'Service', namespace: 'default', name, generation: 1, path: '' },
    ports: [],
    selector: undefined,
    resolution: 'instances',
    listed: [],
    external: false,
    exportTo: [],
    addresses: [],
    subjectAltNames: [],
    ...more,
  };
}

test('a service has an address of the range, the same whatever else there is', () => {
  const alone = serviceAddresses([service('reviews')], range).get('default/reviews');
  expect(alone).toEqual([expect.stringMatching(/^240\.240\.\d+\.\d+$/)]);
  const among = serviceAddresses([service('a'), service('reviews'), service('z')], range);
  expect(among.get('default/reviews')).toEqual(alone);
});

test('what its resource names goes before, and is nobody else’s', () => {
  const [taken = ''] = serviceAddresses([service('reviews')], range).get('default/reviews') ?? [];
  const both = serviceAddresses([service('reviews'), service('vip', { addresses: [taken] })], range);
  expect(both.get('default/vip')).toEqual([taken]);
  expect(both.get('default/reviews')).not.toEqual([taken]);
});

test('every address is nobody’s own', () => {
  const greedy = service('greedy', { addresses: ['0.0.0.0', '::', '0:0::0'] });
  expect(serviceAddresses([greedy], range)).toEqual(serviceAddresses([service('greedy')], range));
});

test.each<[string, Partial<Service>]>([
  ['a wildcard', { host: '*.example.com' }],
  ['a host that is reached as it is', { resolution: 'forward' }],
  ['an address', { host: '192.0.2.1' }],
])('%s has none', (_, more) => {
  expect(serviceAddresses([service('x', more)], range).size).toBe(0);
});

test('no two services share one; a new one takes none away; a range that is used up is used up', () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,4}$/), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(names, (all) => {
      // Of 16 addresses 14 are for services.
      const services = all.map((name, at) => service(name, { created: `2025-01-01T00:00:${10 + at}Z` }));
      const before = serviceAddresses(services.slice(0, -1), '10.0.0.16/28');
      const after = serviceAddresses(services.toReversed(), '10.0.0.16/28');
      const given = [...after.values()].flat();
      expect(new Set(given).size).toBe(given.length);
      expect(given.length).toBe(Math.min(14, all.length));
      for (const address of given) expect(address).toMatch(/^10\.0\.0\.(1[7-9]|2\d|30)$/);
      for (const [key, address] of before) expect(after.get(key)).toEqual(address);
    }),
  );
});
