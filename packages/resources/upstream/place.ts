import { surroundings } from './cases.ts';
import type { CrdSchema } from './crd-judge.ts';

/** One place of a schema: its path in `fieldsOf` notation, and the schemas from the root down to it. */
export interface Place {
  readonly path: string;
  readonly schema: CrdSchema;
  /** Puts a value into this place of an otherwise minimal object. */
  readonly around: (value: unknown) => unknown;
}

/** All places of a CRD's schema. */
export function placesIn(
  schema: CrdSchema,
  path = '',
  around: (value: unknown) => unknown = (value) => value,
): Place[] {
  const places: Place[] = [{ path, schema, around }];
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const inner = (value: unknown) => around({ ...minimal(schema, path), [name]: value });
    places.push(...placesIn(field, path === '' ? name : `${path}.${name}`, inner));
  }
  if (schema.items !== undefined)
    places.push(...placesIn(schema.items, `${path}[]`, (value) => around([value])));
  if (typeof schema.additionalProperties === 'object') {
    const key = path.endsWith('portLevelMtls') ? '9080' : 'a';
    places.push(...placesIn(schema.additionalProperties, `${path}{}`, (value) => around({ [key]: value })));
  }
  return places;
}

/** The smallest object that a schema lets pass: its required fields, and what `surroundings` says. */
function minimal(schema: CrdSchema, path: string): Record<string, unknown> {
  const required = (schema.required ?? []).map((name) => [name, smallest(schema.properties?.[name] ?? {})]);
  const extra = surroundings.filter(
    (entry) => entry.path.test(path) && schema.properties?.[entry.beside] !== undefined,
  );
  return Object.fromEntries([...required, ...extra.flatMap((entry) => Object.entries(entry.with))]);
}

function smallest(schema: CrdSchema): unknown {
  if (schema.enum !== undefined) return schema.enum[0];
  switch (schema.type) {
    case 'object':
      return minimal(schema, '');
    case 'array':
      return Array.from({ length: schema.minItems ?? 0 }, () => smallest(schema.items ?? {}));
    case 'integer':
    case 'number':
      return 1;
    case 'boolean':
      return true;
    default:
      return (schema['x-kubernetes-validations'] ?? []).some(({ rule }) => rule.includes('duration'))
        ? '1s'
        : 'a';
  }
}
