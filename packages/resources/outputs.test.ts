import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { crd, crdYaml } from './crd.ts';
import { generatedFiles } from './generate.ts';
import { jsonSchema, jsonSchemaOfAll } from './json-schema.ts';
import { findKindByName, kinds } from './kinds.ts';
import { openApiSchemas } from './openapi.ts';
import { generateReference } from './reference.ts';
import type { JsonSchema } from './schema/render.ts';

const kind = (name: string) => {
  const found = findKindByName(name);
  if (found === undefined) throw new Error(name);
  return found;
};

/** Every schema within a schema, with its path. */
function parts(schema: JsonSchema, path = ''): [string, JsonSchema][] {
  const properties = Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>);
  const more = [schema.items, schema.additionalProperties].filter(
    (part) => typeof part === 'object',
  ) as JsonSchema[];
  return [
    [path, schema],
    ...properties.flatMap(([name, field]) => parts(field, `${path}.${name}`)),
    ...more.flatMap((part) => parts(part, `${path}[]`)),
  ];
}

test.each(kinds.filter(({ group }) => group !== '').map((kind) => [kind.kind, kind] as const))(
  '%s: the CRD is structural',
  (_name, kind) => {
    const { spec } = crd(kind) as {
      spec: { versions: { name: string; storage: boolean; schema: { openAPIV3Schema: JsonSchema } }[] };
    };
    expect(spec.versions.filter(({ storage }) => storage).map(({ name }) => name)).toEqual([
      kind.versions[0],
    ]);
    for (const [path, part] of parts(spec.versions[0]?.schema.openAPIV3Schema ?? {})) {
      const loose =
        part['x-kubernetes-int-or-string'] === true || part['x-kubernetes-preserve-unknown-fields'] === true;
      expect({ path, typed: loose || part.type !== undefined }).toEqual({ path, typed: true });
      expect({
        path,
        both: part.properties !== undefined && part.additionalProperties !== undefined,
      }).toEqual({ path, both: false });
      expect(
        Object.keys(part).filter(
          (name) => name.startsWith('tulle') || name === '$ref' || name.includes('patch'),
        ),
      ).toEqual([]);
    }
  },
);

test('the CRDs are one YAML text without aliases', () => {
  const text = crdYaml();
  expect(parseAllDocuments(text)).toHaveLength(kinds.filter(({ group }) => group !== '').length);
  expect(text).not.toMatch(/: [&*]a\d/);
});

test('OpenAPI has a component for each kind and version, and what they refer to', () => {
  const schemas = openApiSchemas();
  const named = Object.values(schemas).flatMap(
    (schema) =>
      (schema['x-kubernetes-group-version-kind'] ?? []) as { group: string; version: string; kind: string }[],
  );
  expect(named).toEqual(
    kinds.flatMap(({ group, kind, versions }) => versions.map((version) => ({ group, version, kind }))),
  );
  for (const [, ref] of JSON.stringify(schemas).matchAll(/"#\/components\/schemas\/([^"]+)"/g))
    expect(Object.keys(schemas)).toContain(ref);
  const service = schemas['io.k8s.api.core.v1.Service'] as {
    properties: { spec: { properties: { ports: JsonSchema } } };
  };
  expect(service.properties.spec.properties.ports).toMatchObject({
    'x-kubernetes-patch-merge-key': 'port',
    'x-kubernetes-patch-strategy': 'merge',
  });
});

test('in editors unknown fields are errors, and nothing is Kubernetes’ own', () => {
  const schema = jsonSchema(kind('virtualservice'));
  expect(schema.additionalProperties).toBe(false);
  expect(JSON.stringify(schema)).not.toContain('x-kubernetes-');
  const all = jsonSchemaOfAll() as { allOf: { then: { $ref: string } }[]; definitions: object };
  expect(all.allOf.map(({ then }) => then.$ref.replace('#/definitions/', ''))).toEqual(
    Object.keys(all.definitions),
  );
});

test('the reference names every field once, and what does nothing yet', () => {
  const pages = generateReference();
  expect(Object.keys(pages)).toHaveLength(kinds.length + 2);
  const page = pages['virtualservice.md'] ?? '';
  expect(page).toContain(
    '| `spec.http[].timeout` | duration | Time for the whole request; none by default. |',
  );
  expect(page).toMatch(/`spec\.http\[\]\.fault\.abort\.http2Error` \| string \| .*\*\*No effect\*\*: Istio/);
  expect(page).toContain('| `spec` * | object |');
  for (const line of page.split('\n').filter((text) => text.startsWith('| `')))
    expect(line.replaceAll('\\|', '').split('|')).toHaveLength(5);
  expect(pages['destinationrule.md']).toContain('Fields as `spec.trafficPolicy`.');
});

test('all generated files are made without touching anything', () => {
  const files = generatedFiles();
  expect(Object.keys(files)).toContain('schemas/all.json');
  expect(generatedFiles()).toEqual(files);
});
