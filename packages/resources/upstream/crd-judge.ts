import { holds } from './cel.ts';

/** The keywords that Istio's CRDs use; an unknown one fails the judge's own test. */
export interface CrdSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, CrdSchema>>;
  readonly items?: CrdSchema;
  readonly additionalProperties?: CrdSchema;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly nullable?: boolean;
  readonly oneOf?: readonly CrdSchema[];
  readonly anyOf?: readonly CrdSchema[];
  readonly allOf?: readonly CrdSchema[];
  readonly not?: CrdSchema;
  readonly 'x-kubernetes-validations'?: readonly { readonly rule: string; readonly message: string }[];
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
}

/** Why a Kubernetes API server with this CRD refuses `value` under strict field validation; empty: it doesn't. */
export function judge(schema: CrdSchema, value: unknown, path = ''): string[] {
  if (value === null && schema.nullable === true) return [];
  const wrong = typeFailure(schema, value, path);
  if (wrong !== undefined) return [wrong];
  const nested = members(schema, value, path);
  // Rules see only values whose structure is right.
  const rules =
    nested.length > 0
      ? []
      : (schema['x-kubernetes-validations'] ?? [])
          .filter(({ rule }) => !holds(rule, value))
          .map(({ message }) => `${path}: ${message}`);
  return [...nested, ...bounds(schema, value, path), ...logic(schema, value, path), ...rules];
}

function typeFailure(schema: CrdSchema, value: unknown, path: string): string | undefined {
  if (schema['x-kubernetes-int-or-string'] === true) {
    return Number.isInteger(value) || typeof value === 'string'
      ? undefined
      : `${path}: must be of type int-or-string`;
  }
  const right: Record<string, boolean> = {
    object: typeof value === 'object' && value !== null && !Array.isArray(value),
    array: Array.isArray(value),
    string: typeof value === 'string',
    boolean: typeof value === 'boolean',
    number: typeof value === 'number',
    integer: Number.isInteger(value),
  };
  return schema.type === undefined || right[schema.type] === true
    ? undefined
    : `${path}: must be of type ${schema.type}`;
}

function members(schema: CrdSchema, value: unknown, path: string): string[] {
  if (Array.isArray(value)) {
    const keys = schema['x-kubernetes-list-map-keys'];
    const ids =
      keys === undefined
        ? []
        : value.map((item: Record<string, unknown> | null) => JSON.stringify(keys.map((key) => item?.[key])));
    const duplicate = new Set(ids).size < ids.length ? [`${path}: duplicate entries`] : [];
    return [
      ...duplicate,
      ...value.flatMap((item, index) =>
        schema.items === undefined ? [] : judge(schema.items, item, `${path}[${index}]`),
      ),
    ];
  }
  if (typeof value !== 'object' || value === null || schema.type !== 'object') return [];
  const fields = Object.entries(value).flatMap(([name, member]) => {
    const field =
      schema.properties !== undefined && Object.hasOwn(schema.properties, name)
        ? schema.properties[name]
        : schema.additionalProperties;
    if (field !== undefined) return judge(field, member, `${path}.${name}`);
    return schema['x-kubernetes-preserve-unknown-fields'] === true ? [] : [`${path}.${name}: unknown field`];
  });
  return [...missing(schema, value, path), ...fields];
}

const missing = (schema: CrdSchema, value: object, path: string): string[] =>
  (schema.required ?? [])
    .filter((name) => !Object.hasOwn(value, name))
    .map((name) => `${path}.${name}: required`);

function bounds(schema: CrdSchema, value: unknown, path: string): string[] {
  const found: string[] = [];
  const outside = (size: number, least: number | undefined, most: number | undefined) =>
    size < (least ?? Number.NEGATIVE_INFINITY) || size > (most ?? Number.POSITIVE_INFINITY);
  if (schema.enum !== undefined && !schema.enum.includes(value)) found.push(`${path}: not in enum`);
  if (typeof value === 'number' && outside(value, schema.minimum, schema.maximum))
    found.push(`${path}: out of range`);
  if (typeof value === 'number' && schema.format === 'int32' && outside(value, -(2 ** 31), 2 ** 31 - 1))
    found.push(`${path}: not an int32`);
  if (typeof value === 'string' && outside([...value].length, schema.minLength, schema.maxLength))
    found.push(`${path}: wrong length`);
  if (typeof value === 'string' && schema.pattern !== undefined && !new RegExp(schema.pattern).test(value))
    found.push(`${path}: does not match`);
  if (Array.isArray(value) && outside(value.length, schema.minItems, schema.maxItems))
    found.push(`${path}: wrong number of items`);
  else if (
    typeof value === 'object' &&
    value !== null &&
    outside(Object.keys(value).length, schema.minProperties, schema.maxProperties)
  )
    found.push(`${path}: wrong number of entries`);
  return found;
}

/** oneOf, anyOf, allOf, not: in structural schemas they hold only value validations. */
function logic(schema: CrdSchema, value: unknown, path: string): string[] {
  const passes = (part: CrdSchema): boolean =>
    typeFailure(part, value, path) === undefined &&
    bounds(part, value, path).length === 0 &&
    logic(part, value, path).length === 0 &&
    (typeof value !== 'object' || value === null || missing(part, value, path).length === 0);
  const found: string[] = [];
  if (schema.oneOf !== undefined && schema.oneOf.filter(passes).length !== 1) found.push(`${path}: oneOf`);
  if (schema.anyOf !== undefined && !schema.anyOf.some(passes)) found.push(`${path}: anyOf`);
  if (schema.allOf?.some((part) => !passes(part)) === true) found.push(`${path}: oneOf`);
  if (schema.not !== undefined && passes(schema.not)) found.push(`${path}: not`);
  return found;
}
