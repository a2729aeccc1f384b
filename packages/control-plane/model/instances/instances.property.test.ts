import fc from 'fast-check';
import { expect, it } from 'vitest';
import { indexServices, type Service } from '../services/service.ts';
import { instanceOf } from './instance.fixture.ts';
import { indexInstances } from './instances.ts';

const namespaces = ['a', 'b'] as const;
const labels = fc.record({ app: fc.constantFrom('x', 'y'), version: fc.constantFrom('v1', 'v2') });

const services = indexServices(
  namespaces.flatMap((namespace) =>
    [{ app: 'x' }, { app: 'y' }, { app: 'x', version: 'v2' }, {}, undefined].map((selector, index) => ({
      host: `${index}.${namespace}`,
      key: `${namespace}/${index}`,
      name: String(index),
      namespace,
      selector,
      origin: { kind: 'Service', namespace, name: String(index), generation: 1, path: '' },
      created: '',
      exportTo: [],
    })),
  ) as unknown as Service[],
);

const instances = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom('i', 'j', 'k', 'l', 'm'),
    namespace: fc.constantFrom(...namespaces),
    labels,
    health: fc.constantFrom('healthy' as const, 'unhealthy' as const),
  }),
  { selector: ({ namespace, name }) => `${namespace}/${name}` },
);

it('knows after changes what it would know from the start, and keeps the lists of services that they do not touch', () => {
  fc.assert(
    fc.property(instances, instances, (before, after) => {
      const first = indexInstances(services, before.map(instanceOf));
      const next = indexInstances(services, after.map(instanceOf), first);
      const fresh = indexInstances(services, after.map(instanceOf));
      expect([...next.byService]).toEqual([...fresh.byService]);
      expect(new Map(next.byKey)).toEqual(new Map(fresh.byKey));
      for (const [key, list] of next.byService) {
        const known = first.byService.get(key) ?? [];
        const isSame = JSON.stringify(known) === JSON.stringify(list);
        expect(list === known).toBe(isSame);
      }
    }),
    { seed: 5, numRuns: 300 },
  );
});
