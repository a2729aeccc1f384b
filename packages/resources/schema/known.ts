import type { z } from 'zod';
import type { FieldPath } from '../path.ts';

/** A schema without the wrappers that say optional or nullable. */
function unwrap(schema: z.ZodType): z.ZodType {
  let inner = schema;
  for (;;) {
    const { def } = inner as { def: { type: string; innerType?: z.ZodType } };
    if ((def.type !== 'optional' && def.type !== 'nullable') || def.innerType === undefined) return inner;
    inner = def.innerType;
  }
}

/** The schema of the field at `path`, or undefined where the schema has none (unknown or untyped fields). */
export function schemaAt(schema: z.ZodType, path: FieldPath): z.ZodType | undefined {
  let current: z.ZodType | undefined = schema;
  for (const part of path) {
    if (current === undefined) return undefined;
    const { def } = optionFor(current, typeof part === 'number') as unknown as {
      def: { type: string; shape?: Record<string, z.ZodType>; element?: z.ZodType; valueType?: z.ZodType };
    };
    if (def.type === 'object')
      current = def.shape !== undefined && Object.hasOwn(def.shape, part) ? def.shape[part] : undefined;
    else if (def.type === 'array') current = def.element;
    else if (def.type === 'record') current = def.valueType;
    else return undefined;
  }
  return current === undefined ? undefined : unwrap(current);
}

/** Of a union, the member that is a list or an object; any other schema itself. */
function optionFor(schema: z.ZodType, list: boolean): z.ZodType {
  const inner = unwrap(schema);
  const { def } = inner as unknown as { def: { type: string; options?: z.ZodType[] } };
  if (def.type !== 'union') return inner;
  return def.options?.find((option) => isListSchema(option) === list && !isScalarSchema(option)) ?? inner;
}

export const isListSchema = (schema: z.ZodType): boolean => schema.def.type === 'array';
export const isScalarSchema = (schema: z.ZodType): boolean =>
  !['array', 'object', 'record'].includes(schema.def.type);

/** The names of the fields that the object at `path` may have; empty when it isn't an object with fixed fields. */
export function knownFields(schema: z.ZodType, path: FieldPath): string[] {
  const { def } = (schemaAt(schema, path) ?? { def: {} }) as { def: { shape?: object } };
  return Object.keys(def.shape ?? {});
}

/** What a reader calls the type: `string`, `integer`, `list`, `object`, … */
export function typeName(schema: z.ZodType | undefined): string {
  const { def } = (schema === undefined ? { def: { type: 'any' } } : unwrap(schema)) as {
    def: { type: string; check?: string; checks?: unknown[]; options?: z.ZodType[] };
  };
  switch (def.type) {
    case 'string':
      return isDuration(schema) ? 'duration such as "1s"' : 'string';
    case 'object':
    case 'record':
      return 'object';
    case 'array':
      return 'list';
    case 'number':
      return def.check === 'number_format' ? 'integer' : 'number';
    case 'enum':
    case 'literal':
      return 'string';
    case 'union':
      return (def.options ?? []).map(typeName).join(' or ');
    default:
      return def.type;
  }
}

/** Durations carry a rule that says so, wherever they come from. */
function isDuration(schema: z.ZodType | undefined): boolean {
  const rules = (schema === undefined ? undefined : unwrap(schema).meta()?.['x-kubernetes-validations']) as
    | { rule: string }[]
    | undefined;
  return rules?.some(({ rule }) => rule.startsWith('duration(')) ?? false;
}
