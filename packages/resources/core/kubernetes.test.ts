import * as kubernetes from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import { findKind } from '../kinds.ts';
import { renderSchema } from '../schema/render.ts';

/** The generated models of Kubernetes' client: every field of an object with its type. */
interface Model {
  readonly attributeTypeMap: readonly { readonly baseName: string; readonly type: string }[];
}
const models = kubernetes as unknown as Readonly<Record<string, Model | undefined>>;

const roots = {
  Namespace: 'V1Namespace',
  Service: 'V1Service',
  ServiceAccount: 'V1ServiceAccount',
  Secret: 'V1Secret',
  ConfigMap: 'V1ConfigMap',
  Event: 'CoreV1Event',
};

/** `spec.ports[].port` ⇒ `number`, for all fields of a model. */
function modelFields(name: string, path: string): [string, string][] {
  return (models[name]?.attributeTypeMap ?? []).flatMap(({ baseName, type }): [string, string][] => {
    const here = path === '' ? baseName : `${path}.${baseName}`;
    const list = /^Array<(.*)>$/.exec(type)?.[1];
    const map = /^\{ \[key: string\]: (.*); \}$/.exec(type)?.[1];
    const inner = list ?? map ?? type;
    const suffix = list !== undefined ? '[]' : map !== undefined ? '{}' : '';
    if (models[inner]?.attributeTypeMap !== undefined) return modelFields(inner, `${here}${suffix}`);
    return [[`${here}${suffix}`, plainType(inner)]];
  });
}

/** The client's names for types that are strings or numbers on the wire. */
const plainType = (type: string): string =>
  ({ Date: 'string', V1MicroTime: 'string', IntOrString: 'int or string', any: 'any' })[type] ?? type;

function schemaFields(schema: Record<string, unknown>, path: string): [string, string][] {
  const properties = Object.entries((schema.properties ?? {}) as Record<string, Record<string, unknown>>);
  if (properties.length > 0)
    return properties.flatMap(([name, field]) => schemaFields(field, path === '' ? name : `${path}.${name}`));
  if (schema.items !== undefined) return schemaFields(schema.items as Record<string, unknown>, `${path}[]`);
  if (typeof schema.additionalProperties === 'object')
    return schemaFields(schema.additionalProperties as Record<string, unknown>, `${path}{}`);
  if (schema['x-kubernetes-int-or-string'] === true) return [[path, 'int or string']];
  const type = String(schema.type ?? 'any');
  return [[path, type === 'integer' ? 'number' : type]];
}

/** managedFields is opaque to us. */
const known = (fields: [string, string][]) =>
  Object.fromEntries(fields.filter(([path]) => !path.startsWith('metadata.managedFields')).sort());

describe('Kubernetes’ own kinds have every field of Kubernetes', () => {
  test.each(Object.entries(roots))('%s', (name, model) => {
    const kind = findKind('v1', name);
    if (kind === undefined) throw new Error(`${name} is missing`);
    const fields = modelFields(model, '');
    expect(fields.length).toBeGreaterThan(10);
    expect(known(schemaFields(renderSchema(kind.schema, 'openapi'), ''))).toEqual(known(fields));
  });
});
