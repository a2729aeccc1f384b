import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findKind } from '../kinds.ts';
import { type CrdSchema, judge } from './crd-judge.ts';
import { type Crd, hasUpstream, istioCrds, istioKinds } from './upstream-files.ts';

/** Words that mean something in some field, so that random objects reach beyond the first check. */
const words = [
  'a',
  '*',
  '1s',
  '0s',
  '5 s',
  '100us',
  'unix:///run/a',
  'unix://a',
  '10.0.0.0/8',
  'a.example.com',
  'STRICT',
  'RANDOM',
  'DNS',
  'STATIC',
  'NONE',
  '80',
  '',
];

/** Objects of a CRD's shape with mistakes in them: wrong types, bounds, enums, unknown and missing fields. */
function arbitrary(schema: CrdSchema, depth = 0): fc.Arbitrary<unknown> {
  const wrong: fc.Arbitrary<unknown> = fc.constantFrom<unknown>(
    null,
    'x',
    1,
    -1,
    1.5,
    70_000,
    5_000_000_000,
    true,
    [],
    {},
    ['x'],
    { x: 1 },
  );
  return fc.oneof({ weight: 25, arbitrary: right(schema, depth) }, { weight: 1, arbitrary: wrong });
}

function right(schema: CrdSchema, depth: number): fc.Arbitrary<unknown> {
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  switch (schema.type) {
    case 'object': {
      if (typeof schema.additionalProperties === 'object')
        return fc.dictionary(
          fc.constantFrom('a', '80', 'b*', 'http'),
          arbitrary(schema.additionalProperties, depth + 1),
          { maxKeys: 2 },
        );
      const fields = Object.entries(schema.properties ?? {}).map(
        ([name, field]) => [name, arbitrary(field, depth + 1)] as const,
      );
      const required = schema.required ?? [];
      return fc
        .tuple(
          fc.subarray(fields, { maxLength: Math.min(fields.length, depth === 0 ? 2 : 3) }),
          fc.integer({ min: 0, max: 40 }),
        )
        .chain(([some, dice]) => {
          const chosen = new Map([
            ...fields.filter(([name]) => required.includes(name) && dice > 1),
            ...some,
          ]);
          return fc.record(
            Object.fromEntries([
              ...chosen,
              ...(dice === 0 ? [['unknownField', fc.constant(1)] as const] : []),
            ]),
          );
        });
    }
    case 'array':
      return fc.array(arbitrary(schema.items ?? {}, depth + 1), { maxLength: 2 });
    case 'integer':
      return fc.constantFrom(0, 1, 80, 100, 503, 599, 65_535, 65_536, 4_294_967_295);
    case 'number':
      return fc.constantFrom(0, 0.5, 100, 101);
    case 'boolean':
      return fc.boolean();
    default:
      return fc.constantFrom(...words);
  }
}

describe.runIf(hasUpstream)('what our schemas accept, Istio’s CRDs accept', () => {
  const crds = hasUpstream ? istioCrds() : new Map<string, Crd>();
  test.each(istioKinds)('%s: random objects', (name) => {
    const theirs = crds.get(name);
    const kind = findKind(`${theirs?.spec.group}/${theirs?.spec.versions[0]?.name}`, name);
    const spec = theirs?.spec.versions[0]?.schema.openAPIV3Schema.properties?.spec;
    if (kind === undefined || spec === undefined) throw new Error(`no schema of ${name}`);
    const accepted = { both: 0, none: 0 };
    fc.assert(
      fc.property(arbitrary(spec), (value) => {
        const failures = judge(spec, value, 'spec');
        const result = kind.schema.safeParse({
          apiVersion: `${kind.group}/${kind.versions[0]}`,
          kind: name,
          metadata: { name: 'a' },
          spec: value,
        });
        if (result.success) expect(failures).toEqual([]);
        // The other way round holds but for the checks that no CRD states (ports, patterns, percentages).
        if (failures.length === 0 && !result.success)
          expect(result.error.issues.map(({ code }) => code).filter((code) => code !== 'custom')).toEqual([]);
        if (result.success) accepted.both++;
        else accepted.none++;
      }),
      { numRuns: 1500 },
    );
    expect(accepted.both).toBeGreaterThan(100);
    expect(accepted.none).toBeGreaterThan(100);
  });
});
