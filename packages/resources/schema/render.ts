import { z } from 'zod';
import { optionalInCrd } from './resource.ts';
import { oneOfGroups } from './rule.ts';

export type JsonSchema = Record<string, unknown>;

/**
 * - `crd`: a structural schema for apiextensions.k8s.io (unknown fields are pruned there, not named here);
 * - `openapi`: OpenAPI v3 for the API server's documents;
 * - `json-schema`: draft 7 for editors, in which unknown fields are errors.
 */
export type RenderTarget = 'crd' | 'openapi' | 'json-schema';

/** A zod schema of ours as JSON Schema in the dialect of the target. */
export function renderSchema(schema: z.ZodType, target: RenderTarget): JsonSchema {
  const raw = z.toJSONSchema(schema, {
    target: target === 'json-schema' ? 'draft-7' : 'openapi-3.0',
    io: 'input',
    unrepresentable: 'any',
  });
  const { $schema: _, ...rest } = raw as JsonSchema;
  return clean(rest, target);
}

/** The fields of a resource that are its kind's: apiVersion, kind and metadata are the API server's. */
export function ownFields(resource: JsonSchema): Record<string, JsonSchema> {
  const {
    apiVersion: _version,
    kind: _kind,
    metadata: _metadata,
    ...fields
  } = resource.properties as Record<string, JsonSchema>;
  return fields;
}

function clean(node: JsonSchema, target: RenderTarget): JsonSchema {
  const {
    properties,
    items,
    additionalProperties,
    required,
    propertyNames: _names,
    [oneOfGroups]: groups,
    [optionalInCrd]: _optional,
    ...rest
  } = node;
  const out: JsonSchema = integer(rest);
  if (properties !== undefined) {
    const fields = Object.entries(properties as Record<string, JsonSchema>);
    out.properties = Object.fromEntries(fields.map(([name, field]) => [name, clean(field, target)]));
    const needed = ((required as string[] | undefined) ?? []).filter(
      (name) => target !== 'crd' || fields.find(([field]) => field === name)?.[1][optionalInCrd] !== true,
    );
    if (needed.length > 0) out.required = needed;
  }
  if (items !== undefined) out.items = clean(items as JsonSchema, target);
  if (out.anyOf !== undefined) out.anyOf = (out.anyOf as JsonSchema[]).map((option) => clean(option, target));
  if (additionalProperties === false) {
    if (target === 'json-schema') out.additionalProperties = false;
  } else if (additionalProperties !== undefined && properties === undefined) {
    const values = clean(additionalProperties as JsonSchema, target);
    if (Object.keys(values).length > 0) out.additionalProperties = values;
    else if (target === 'crd') out['x-kubernetes-preserve-unknown-fields'] = true;
  }
  addGroups(out, groups as string[][] | undefined);
  return target === 'json-schema' ? withoutExtensions(out) : structural(out, target);
}

/** zod bounds integers by what JavaScript holds exactly, and int32 by its range, where the APIs say a format. */
function integer(node: JsonSchema): JsonSchema {
  if (node.type !== 'integer') return { ...node };
  const { minimum, maximum, ...rest } = node;
  if (maximum === 2_147_483_647)
    return { ...rest, ...(minimum === -2_147_483_648 ? {} : { minimum }), format: 'int32' };
  return {
    ...rest,
    ...(minimum === undefined || minimum === Number.MIN_SAFE_INTEGER ? {} : { minimum }),
    ...(maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? {} : { maximum }),
  };
}

/** At most one of a group: as Istio's CRDs write a protobuf oneof. */
function addGroups(node: JsonSchema, groups: readonly string[][] | undefined): void {
  const rendered = (groups ?? []).map((group) => {
    const present = group.map((name) => ({ required: [name] }));
    return { oneOf: [{ not: { anyOf: present } }, ...present] };
  });
  if (rendered.length === 1) Object.assign(node, rendered[0]);
  else if (rendered.length > 1) node.allOf = rendered;
}

function withoutExtensions(node: JsonSchema): JsonSchema {
  return Object.fromEntries(Object.entries(node).filter(([name]) => !name.startsWith('x-kubernetes-')));
}

/** What apiextensions asks of a structural schema where types are mixed or unknown. */
function structural(node: JsonSchema, target: RenderTarget): JsonSchema {
  const preserves = node['x-kubernetes-preserve-unknown-fields'] === true;
  if (preserves && node.anyOf !== undefined) {
    const { anyOf: _, ...rest } = node;
    return rest;
  }
  if (target !== 'crd') return node;
  const { 'x-kubernetes-patch-strategy': _strategy, 'x-kubernetes-patch-merge-key': _key, ...rest } = node;
  const typed = rest.type !== undefined || rest['x-kubernetes-int-or-string'] === true || preserves;
  return typed || Object.keys(rest).some((name) => name === 'not' || name === 'oneOf' || name === 'required')
    ? rest
    : { ...rest, 'x-kubernetes-preserve-unknown-fields': true };
}
