import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Resource } from '@tulle/resources/kind';
import { expect, test } from 'vitest';
import { buildModel } from '../../model/model.ts';
import { compile } from '../compile.ts';
import { readCase } from '../testing/golden-case.ts';

const golden = join(import.meta.dirname, '..', 'golden');
const names = readdirSync(golden, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() && !entry.name.startsWith('envoyfilter-') ? [entry.name] : [],
);

const filter = (configPatches: readonly unknown[]): Resource => ({
  apiVersion: 'networking.istio.io/v1alpha3',
  kind: 'EnvoyFilter',
  metadata: { name: 'nothing', namespace: 'tulle-system', generation: 1 },
  spec: { configPatches },
});

const merged = [
  'LISTENER',
  'LISTENER_FILTER',
  'FILTER_CHAIN',
  'NETWORK_FILTER',
  'HTTP_FILTER',
  'ROUTE_CONFIGURATION',
  'VIRTUAL_HOST',
  'HTTP_ROUTE',
  'CLUSTER',
];
/** Merging never renames. */
const nothing = filter(
  [{}, { name: 'another' }].flatMap((value) =>
    merged.map((applyTo) => ({ applyTo, patch: { operation: 'MERGE', value } })),
  ),
);

test.each(names)('%s: merging nothing into everything changes no byte', (name) => {
  const { input, proxy } = readCase(join(golden, name));
  const bytes = (resources: readonly Resource[]) => {
    const { snapshot, notes } = compile(buildModel({ ...input, resources }), { ...proxy });
    const versions = Object.entries(snapshot).flatMap(([type, byName]) =>
      [...byName.values()].map((one) => `${type} ${one.name} ${one.version}`),
    );
    return { versions, notes: notes.filter(({ origin }) => origin.kind !== 'EnvoyFilter') };
  };
  expect(bytes([...input.resources, nothing])).toEqual(bytes(input.resources));
});

test('an EnvoyFilter that selects nobody costs nothing: the same resources', () => {
  const { input } = readCase(join(golden, 'weights-between-subsets'));
  const { proxy } = readCase(join(golden, 'weights-between-subsets'));
  const other = { ...nothing, metadata: { ...nothing.metadata, namespace: 'elsewhere' } };
  const model = buildModel({ ...input, resources: [...input.resources, other] });
  expect(model.config.envoyFilters.ofWorkload('default', {})).toBeUndefined();
  const { snapshot } = compile(model, proxy);
  for (const { origins } of [...snapshot.cluster.values(), ...snapshot.listener.values()])
    expect(origins.filter(({ kind }) => kind === 'EnvoyFilter')).toEqual([]);
});

test('proxies to which the same patches apply share what is patched', () => {
  const { input, proxy } = readCase(join(golden, 'weights-between-subsets'));
  const timeouts = filter([
    { applyTo: 'CLUSTER', patch: { operation: 'MERGE', value: { connect_timeout: '3s' } } },
  ]);
  const model = buildModel({ ...input, resources: [...input.resources, timeouts] });
  const [one, two] = ['one', 'two'].map((id) => compile(model, { ...proxy, id }).snapshot.cluster);
  expect(one?.size).toBeGreaterThan(3);
  for (const [name, resource] of one ?? []) expect(two?.get(name)).toBe(resource);
});
