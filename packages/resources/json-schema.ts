import type { ResourceKind } from './kind.ts';
import { kinds } from './kinds.ts';
import { type JsonSchema, renderSchema } from './schema/render.ts';
import { apiVersionOf } from './schema/resource.ts';

const draft = 'http://json-schema.org/draft-07/schema#';

/** JSON Schema (draft 7) of one kind, for editors. */
export function jsonSchema(kind: ResourceKind): JsonSchema {
  return { $schema: draft, title: kind.kind, description: kind.description, ...body(kind) };
}

/** One JSON Schema for files that hold any of our kinds: what is expected follows from apiVersion and kind. */
export function jsonSchemaOfAll(of: readonly ResourceKind[] = kinds): JsonSchema {
  const names = of.map((kind) => [kind, `${kind.group === '' ? 'core' : kind.group}.${kind.kind}`] as const);
  return {
    $schema: draft,
    title: 'Tulle resources',
    type: 'object',
    required: ['apiVersion', 'kind', 'metadata'],
    properties: {
      apiVersion: { enum: [...new Set(of.flatMap(apiVersions))] },
      kind: { enum: [...new Set(of.map(({ kind }) => kind))] },
    },
    allOf: names.map(([kind, name]) => ({
      if: {
        properties: { apiVersion: { enum: apiVersions(kind) }, kind: { const: kind.kind } },
        required: ['apiVersion', 'kind'],
      },
      // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own word
      then: { $ref: `#/definitions/${name}` },
    })),
    definitions: Object.fromEntries(
      names.map(([kind, name]) => [name, { description: kind.description, ...body(kind) }]),
    ),
  };
}

const apiVersions = (kind: ResourceKind): string[] =>
  kind.versions.map((version) => apiVersionOf(kind.group, version));

function body(kind: ResourceKind): JsonSchema {
  const { description: _, ...rest } = renderSchema(kind.schema, 'json-schema');
  return rest;
}
