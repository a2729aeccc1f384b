import { describe, expect, test } from 'vitest';
import { findKind } from '../kinds.ts';
import { companions, memberValues, ruleCases } from './cases.ts';
import { type CrdSchema, judge } from './crd-judge.ts';
import { placesIn } from './place.ts';
import { type Crd, hasUpstream, istioCrds, istioKinds } from './upstream-files.ts';

/**
 * At each place where a CRD has a rule or a oneOf, both sides judge the same two objects: Istio's CRD (by
 * `crd-judge.ts`) and our schema accept the one and refuse the other.
 */
describe.runIf(hasUpstream)('each CEL rule and oneOf is held by Istio’s CRD and by us alike', () => {
  const crds = hasUpstream ? istioCrds() : new Map<string, Crd>();
  const used = new Set<string>();
  for (const name of istioKinds) {
    const theirs = crds.get(name);
    const kind = findKind(`${theirs?.spec.group}/${theirs?.spec.versions[0]?.name}`, name);
    const schema = theirs?.spec.versions[0]?.schema.openAPIV3Schema;
    if (kind === undefined || schema === undefined) continue;
    const ours = (object: object) =>
      kind.schema.safeParse({
        apiVersion: `${kind.group}/${kind.versions[0]}`,
        kind: kind.kind,
        metadata: { name: 'a' },
        ...object,
      }).success;

    for (const place of placesIn(schema)) {
      const both = (value: unknown, expected: readonly string[]) => {
        const object = place.around(value) as object;
        const failures = judge(schema, object);
        if (expected.length === 0) expect(failures).toEqual([]);
        for (const text of expected) expect(failures.join('\n')).toContain(text);
        expect(ours(object)).toBe(failures.length === 0);
      };
      for (const { rule, message } of place.schema['x-kubernetes-validations'] ?? []) {
        used.add(rule);
        test(`${name} ${place.path}: ${message}`, () => {
          const example = ruleCases[rule];
          if (example === undefined) throw new Error(`no case for the rule ${rule}`);
          both(example.accept, []);
          both(example.refuse, [message]);
        });
      }
      for (const group of groupsOf(place.schema)) {
        test(`${name} ${place.path}: one of ${group.join(', ')}`, () => {
          const member = (field: string) => [
            field,
            memberValues[field] ?? (place.schema.properties?.[field]?.type === 'string' ? 'a' : {}),
          ];
          both({}, []);
          for (const field of group)
            both({ ...companions[field], ...Object.fromEntries([member(field)]) }, []);
          for (const [index, first] of group.entries()) {
            for (const second of group.slice(index + 1))
              both(Object.fromEntries([member(first), member(second)]), ['oneOf']);
          }
        });
      }
    }
  }
  test('every case belongs to a rule', () => {
    expect(Object.keys(ruleCases).filter((rule) => !used.has(rule))).toEqual([]);
    expect(used.size).toBeGreaterThan(15);
  });
});

/** The field names of a oneOf as Istio's CRDs write it: none of them, or one. */
function groupsOf(schema: CrdSchema): string[][] {
  const parts = [
    ...(schema.oneOf === undefined ? [] : [schema.oneOf]),
    ...(schema.allOf ?? []).flatMap(({ oneOf }) => (oneOf === undefined ? [] : [oneOf])),
  ];
  return parts.map((options) => options.flatMap(({ required = [] }) => required));
}
