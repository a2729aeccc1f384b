import { describe, expect, test } from 'vitest';
import { crd } from '../crd.ts';
import { findKind } from '../kinds.ts';
import { fieldsOf } from './fields.ts';
import { type Crd, hasUpstream, istioCrds, istioKinds } from './upstream-files.ts';

test('the upstream files are there in CI', () => {
  expect(hasUpstream || process.env.CI === undefined).toBe(true);
});

describe.runIf(hasUpstream)('our Istio schemas know what Istio’s CRDs know, no more and no less', () => {
  const crds = hasUpstream ? istioCrds() : new Map<string, Crd>();
  for (const name of istioKinds) {
    const theirs = crds.get(name);
    const kind = findKind(`${theirs?.spec.group}/${theirs?.spec.versions[0]?.name}`, name);
    if (theirs === undefined || kind === undefined) continue;
    const ours = crd(kind) as unknown as Crd;

    test(`${name}: names, scope and versions`, () => {
      expect({ ...ours.spec.names, shortNames: ours.spec.names.shortNames ?? [] }).toEqual({
        shortNames: [],
        ...theirs.spec.names,
      });
      expect(ours.spec.scope).toBe(theirs.spec.scope);
      const versions = ({ spec }: Crd) =>
        spec.versions
          .map(({ name, served, storage }) => ({ name, served, storage }))
          .sort((a, b) => (a.name < b.name ? -1 : 1));
      expect(versions(ours)).toEqual(versions(theirs));
    });

    for (const { name: version, schema } of theirs.spec.versions) {
      test(`${name} ${version}: fields, types, enums, bounds, required fields, oneOfs and rules`, () => {
        const found =
          ours.spec.versions.find((other) => other.name === version)?.schema.openAPIV3Schema ?? {};
        const [our, their] = [fieldsOf(found), fieldsOf(schema.openAPIV3Schema)];
        expect([...our.keys()].filter((path) => !their.has(path))).toEqual([]);
        expect([...their.keys()].filter((path) => !our.has(path))).toEqual([]);
        for (const [path, facts] of their) expect({ path, ...our.get(path) }).toEqual({ path, ...facts });
        expect(their.size).toBeGreaterThan(20);
      });
    }
  }
  test('all istioKinds were compared', () =>
    expect(istioKinds.filter((name) => !crds.has(name))).toEqual([]));
});
