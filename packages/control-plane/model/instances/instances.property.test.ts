import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { indexServices, type Service, type ServiceIndex } from '../services/service.ts';
import { instanceOf } from './instance.fixture.ts';
import { type InstanceIndex, type InstanceSources, indexInstances } from './instances.ts';

const namespaces = ['a', 'b'] as const;
const labels = fc.record({ app: fc.constantFrom('x', 'y'), version: fc.constantFrom('v1', 'v2') });

const servicesOf = (selectors: readonly Service['selector'][]): ServiceIndex =>
  indexServices(
    namespaces.flatMap((namespace) =>
      selectors.map((selector, index) => ({
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
const services = servicesOf([{ app: 'x' }, { app: 'y' }, { app: 'x', version: 'v2' }, {}, undefined]);
const otherServices = servicesOf([{ app: 'x' }, { version: 'v1' }]);

/** In any order, and sometimes two of one name. */
const instances = fc.array(
  fc.record({
    name: fc.constantFrom('i', 'j', 'k', 'l', 'm'),
    namespace: fc.constantFrom(...namespaces),
    workload: fc.constantFrom('v', 'w'),
    address: fc.constantFrom('10.0.0.1', '10.0.0.2'),
    labels,
    tlsMode: fc.constantFrom('istio' as const, 'disabled' as const),
    health: fc.constantFrom('healthy' as const, 'unhealthy' as const),
  }),
  { maxLength: 12 },
);

const everywhere = (): boolean => true;
const onlyInA = (namespace: string): boolean => namespace === 'a';

const step = fc.record({
  discovered: instances,
  written: instances,
  isSeen: fc.constantFrom(everywhere, everywhere, onlyInA),
  services: fc.constantFrom(services, services, services, otherServices),
});

it('knows after changes what it would know from the start', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 2, maxLength: 5 }), (steps) => {
      let known: InstanceIndex | undefined;
      for (const { services, discovered, written, isSeen } of steps) {
        const sources = { discovered: discovered.map(instanceOf), written: written.map(instanceOf), isSeen };
        const next: InstanceIndex = indexInstances(services, sources, known);
        const fresh = indexInstances(services, sources);
        expect(next.all).toEqual(fresh.all);
        expect([...next.byService]).toEqual([...fresh.byService]);
        expect(new Map(next.byWorkload)).toEqual(new Map(fresh.byWorkload));
        expect(next.running).toEqual(fresh.running);
        if (isDeepStrictEqual(known?.running, next.running)) expect(next.running).toBe(known?.running);
        known = next;
      }
    }),
    { seed: 5, numRuns: 500 },
  );
});

it('keeps the lists that changes do not touch, whatever services there are', () => {
  fc.assert(
    fc.property(step, step, (one, other) => {
      const sources = (found: typeof one.discovered): InstanceSources => ({
        ...{ discovered: found.map(instanceOf), written: [], isSeen: everywhere },
      });
      const first = indexInstances(one.services, sources(one.discovered));
      const next = indexInstances(other.services, sources(other.discovered), first);
      for (const groups of ['byService', 'byWorkload'] as const)
        for (const [key, list] of next[groups]) {
          const before = first[groups].get(key);
          expect(list === before).toBe(isDeepStrictEqual(list, before));
        }
    }),
    { seed: 7, numRuns: 300 },
  );
});

it('is the same index while nothing changes', () => {
  fc.assert(
    fc.property(step, ({ services, discovered, written, isSeen }) => {
      const sources = (): InstanceSources => ({
        ...{ discovered: discovered.map(instanceOf), written: written.map(instanceOf), isSeen },
      });
      const first = indexInstances(services, sources());
      const next = indexInstances(services, sources(), first);
      for (const part of ['all', 'byService', 'byWorkload', 'running'] as const)
        expect(next[part]).toBe(first[part]);
    }),
    { seed: 6, numRuns: 100 },
  );
});
