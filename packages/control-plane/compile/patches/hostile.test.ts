import { join } from 'node:path';
import type { Resource } from '@tulle/resources/kind';
import { expect, test } from 'vitest';
import { buildModel } from '../../model/model.ts';
import { compile } from '../compile.ts';
import { readCase } from '../testing/golden-case.ts';

const { input, proxy } = readCase(join(import.meta.dirname, '..', 'golden', 'envoyfilter-filters-of-envoy'));
const others = input.resources.filter(({ kind }) => kind !== 'EnvoyFilter');
const version = '1.29.0';
const asked = { ...proxy, metadata: { ...proxy.metadata, ISTIO_VERSION: version } };

const filter = (name: string, configPatches: readonly unknown[]): Resource => ({
  apiVersion: 'networking.istio.io/v1alpha3',
  kind: 'EnvoyFilter',
  metadata: { name, namespace: 'default', generation: 1 },
  spec: { configPatches },
});

const compiled = (...filters: readonly Resource[]) => {
  const { snapshot, notes } = compile(buildModel({ ...input, resources: [...others, ...filters] }), asked);
  const said = notes.flatMap(({ origin, problem }) =>
    origin.kind === 'EnvoyFilter' ? [`${origin.name} ${problem.path}: ${problem.message}`] : [],
  );
  return { clusters: [...snapshot.cluster.keys()], said };
};

const added = (name: string, more: object = {}) => ({
  applyTo: 'CLUSTER',
  ...more,
  patch: { operation: 'ADD', value: { name, connect_timeout: '1s' } },
});
const forVersion = (proxyVersion: string) => added('mine', { match: { proxy: { proxyVersion } } });

test.each(['1\\.29', '^1\\.(28|29)', '\\Q1.29', 'a|1.29', '\\Q.29.\\E0'])(
  'proxyVersion %s matches anywhere in %j',
  (pattern) => expect(compiled(filter('a', [forVersion(pattern)])).clusters).toContain('mine'),
);

test.each(['\\Q1.30', 'a)|(1.29', 'x'.repeat(5_000), '(?:[[:word:]]{1000}){1000}'])(
  'a version that can’t be looked for is for nobody, and keeps nobody’s configuration back: %.20s',
  (pattern) => {
    const { clusters, said } = compiled(filter('a', [forVersion(pattern), added('other')]));
    expect(clusters).toContain('other');
    expect(clusters).not.toContain('mine');
    expect(said.length).toBeLessThanOrEqual(1);
  },
);

test('so many patches that can’t stay are not looked for one by one', () => {
  const bad = Array.from({ length: 60 }, () => added(''));
  const { clusters, said } = compiled(
    filter('good', [added('mine')]),
    filter('hostile', bad),
    filter('hostile-too', bad),
  );
  expect(clusters).toContain('mine');
  expect(said.filter((one) => one.includes('left out:'))).toHaveLength(8);
  expect(said.filter((one) => one.includes('all of this EnvoyFilter'))).toHaveLength(2);
});

test('nor are so many EnvoyFilters', () => {
  const bad = Array.from({ length: 40 }, (_, at) => filter(`bad-${at}`, [added('')]));
  const elsewhere = {
    ...filter('good', [added('mine')]),
    metadata: { name: 'good', namespace: 'tulle-system' },
  };
  const { clusters, said } = compiled(elsewhere, ...bad);
  expect(clusters).toContain('mine');
  expect(said).toHaveLength(17);
  expect(said.at(-1)).toContain('all EnvoyFilters of its namespace');
});

test('keys that objects have by themselves are fields like others', () => {
  const value = JSON.parse(
    '{ "name": "mine", "__proto__": { "name": "no" }, "constructor": {}, "toString": 1 }',
  );
  const { clusters, said } = compiled(
    filter('a', [{ applyTo: 'CLUSTER', patch: { operation: 'ADD', value } }]),
  );
  expect(clusters).toContain('mine');
  expect(clusters).not.toContain('no');
  expect(said.filter((one) => one.includes('has no such field'))).toHaveLength(3);
  expect(Object.hasOwn(Object.prototype, 'name')).toBe(false);
});
