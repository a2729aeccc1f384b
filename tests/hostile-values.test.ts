import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { compile } from '@tulle/control-plane/compile/compile';
import { readCase } from '@tulle/control-plane/compile/testing/golden-case';
import { buildModel } from '@tulle/control-plane/model/model';
import { filterReaders } from '@tulle/data-plane/config/translate/filters/filter-readers';
import { translateResource } from '@tulle/data-plane/config/translate/resource';
import type { Resource } from '@tulle/resources/kind';
import { validateResource } from '@tulle/resources/validate';
import { xdsTypes } from '@tulle/xds/resource';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const golden = join(import.meta.dirname, '..', 'packages', 'control-plane', 'compile', 'golden');
const cases = readdirSync(golden, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [{ name: entry.name, ...readCase(join(golden, entry.name)) }] : [],
);

type Path = readonly (string | number)[];

/** Where the values of a spec stand. */
function leaves(value: unknown, at: Path = ['spec']): Path[] {
  if (typeof value !== 'object' || value === null) return value === undefined ? [] : [at];
  return Object.entries(value).flatMap(([key, own]) => leaves(own, [...at, key]));
}

const owner = (resource: Resource, path: Path) =>
  path.slice(0, -1).reduce<unknown>((value, step) => Reflect.get(value as object, step), resource) as object;

/** Whether it was taken, and then what came of it: nobody gets less because of one resource. */
function tried(name: string, which: number, path: Path, value: unknown): 'refused' | readonly string[] {
  const { input, proxy } = cases.find((one) => one.name === name) as (typeof cases)[number];
  const changed = structuredClone(input.resources[which]) as Resource;
  Reflect.set(owner(changed, path), path.at(-1) as string, value);
  if (validateResource(changed).problems.some(({ severity }) => severity === 'error')) return 'refused';
  const resources = input.resources.with(which, changed);
  const { snapshot } = compile(buildModel({ ...input, resources }), { ...proxy });
  if (proxy.metadata.TULLE_ENGINE === 'envoy') return [];
  // Secrets of these cases hold no certificates.
  return xdsTypes.flatMap((type) =>
    type === 'secret'
      ? []
      : [...snapshot[type].values()].flatMap((one) => {
          const read = translateResource(type, one.name, one.bytes, filterReaders);
          return read.ok ? [] : [`${one.name}: ${read.reason}`];
        }),
  );
}

test.each<[name: string, kind: string, path: string, value: unknown]>([
  ['captured-shared-address', 'ServiceEntry', 'spec.ports.0.name', 'constructor'],
  ['gateway-tls-defaults', 'Gateway', 'spec.servers.1.tls.ecdhCurves.0', 'P-1'],
  ['rate-limit-mesh', 'RateLimitPolicy', 'spec.limits.0.by.0.header', '%'],
])('%s: %s %s %j is refused, or costs nobody anything', (name, kind, path, value) => {
  const { input } = cases.find((one) => one.name === name) as (typeof cases)[number];
  const which = input.resources.findIndex((one) => one.kind === kind && hasAt(one, path));
  expect(which).toBeGreaterThanOrEqual(0);
  const outcome = tried(name, which, path.split('.'), value);
  if (outcome !== 'refused') expect(outcome).toEqual([]);
});

const hasAt = (resource: Resource, path: string): boolean =>
  leaves(resource.spec).some((one) => one.join('.') === path);

const words = [
  'constructor',
  '__proto__',
  '',
  '*',
  '%',
  '/',
  '\\Qa',
  '(',
  '-1s',
  '1.5',
  'é.test',
  '::/200',
  '\0',
];
const numbers = [-1, 0, 1.5, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 64, 1e30];

test('whatever value is taken, all get their configuration, and our engine reads it', () => {
  const anyValue = fc.constantFrom(...cases).chain(({ name, input }) =>
    fc.nat(Math.max(0, input.resources.length - 1)).chain((which) => {
      const places = leaves(input.resources[which]?.spec);
      const values = fc.constantFrom<unknown>(...words, ...numbers, 'x'.repeat(5_000), '\ud800');
      return places.length === 0
        ? fc.constant(undefined)
        : fc.tuple(fc.constant(name), fc.constant(which), fc.constantFrom(...places), values);
    }),
  );
  fc.assert(
    fc.property(anyValue, (one) => {
      if (one === undefined) return;
      tried(...one);
    }),
    { numRuns: 1_000, seed: 1 },
  );
});
