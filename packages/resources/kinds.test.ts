import { expect, test } from 'vitest';
import type { Resource } from './kind.ts';
import { findKind, findKindByName, kinds } from './kinds.ts';
import { renderSchema } from './schema/render.ts';

test.each([
  'vs',
  'VS',
  'virtualservice',
  'virtualservices',
  'VirtualService',
  'virtualservices.networking.istio.io',
  'vs.networking.istio.io',
  'virtualservices.v1beta1.networking.istio.io',
])('%s on the command line is VirtualService', (name) =>
  expect(findKindByName(name)?.kind).toBe('VirtualService'),
);

test('names of other groups and unknown names find nothing', () => {
  expect(findKindByName('virtualservices.example.com')).toBeUndefined();
  expect(findKindByName('deployments')).toBeUndefined();
  expect(findKindByName('services.v1')?.kind).toBe('Service');
});

test('all versions of a kind are one kind; the first is stored', () => {
  const versions = ['v1', 'v1beta1', 'v1alpha3'].map((version) =>
    findKind(`networking.istio.io/${version}`, 'Gateway'),
  );
  expect(new Set(versions).size).toBe(1);
  expect(versions[0]?.versions[0]).toBe('v1');
  expect(findKind('networking.istio.io/v2', 'Gateway')).toBeUndefined();
});

test('no name means two kinds', () => {
  const names = kinds.flatMap(({ plural, singular, kind, shortNames }) => [
    ...new Set([plural, singular, kind.toLowerCase(), ...shortNames]),
  ]);
  expect(names.filter((name, index) => names.indexOf(name) < index)).toEqual([]);
});

/** Paths of fields without description. */
function undescribed(schema: Record<string, unknown>, path: string): string[] {
  const fields = Object.entries((schema.properties ?? {}) as Record<string, Record<string, unknown>>);
  const inner = [schema.items, schema.additionalProperties].filter(
    (part) => typeof part === 'object',
  ) as Record<string, unknown>[];
  return [
    ...fields.flatMap(([name, field]) => [
      ...(field.description === undefined ? [`${path}.${name}`] : []),
      ...undescribed(field, `${path}.${name}`),
    ]),
    ...inner.flatMap((part) => undescribed(part, `${path}[]`)),
  ];
}

test.each(kinds.map((kind) => [kind.kind, kind] as const))(
  '%s: every field has a description, every column a field',
  (_name, kind) => {
    const schema = renderSchema(kind.schema, 'openapi');
    expect(undescribed(schema, '')).toEqual([]);
    expect(kind.columns.at(-1)?.path).toBeDefined();
    for (const pattern of Object.keys({ ...kind.notEnforced, ...kind.inert }))
      expect({ pattern, known: isField(schema, pattern) }).toEqual({ pattern, known: true });
    for (const { path } of kind.columns)
      expect({ path, known: isField(schema, path.replace('[*]', '[]')) }).toEqual({ path, known: true });
  },
);

function isField(schema: Record<string, unknown>, pattern: string): boolean {
  let at: Record<string, unknown> | undefined = schema;
  for (const name of pattern.replaceAll('[]', '.[]').split('.')) {
    const properties: Record<string, Record<string, unknown>> | undefined = at?.properties as
      | Record<string, Record<string, unknown>>
      | undefined;
    if (name === '[]') at = at?.items as Record<string, unknown> | undefined;
    else if (name === '*') at = at?.additionalProperties as Record<string, unknown> | undefined;
    else at = properties?.[name];
  }
  return at !== undefined;
}

test('a kind’s type is a resource', () => {
  const resource: Resource = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } };
  expect(findKind(resource.apiVersion, resource.kind)?.namespaced).toBe(false);
});
