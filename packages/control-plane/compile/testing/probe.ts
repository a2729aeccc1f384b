import type { Resource, ResourceKind } from '@tulle/resources/kind';
import { type JsonSchema, renderSchema } from '@tulle/resources/schema/render';

/** One field of a kind's `spec` that holds no further fields, in the notation of `notEnforced`. */
export interface Leaf {
  readonly path: string;
  /** Values to try: one of them should mean something to whoever reads the field. */
  readonly candidates: readonly unknown[];
}

/** What means something in the mesh of `enforced.test.ts`. */
const times = ['7s'];
const texts = [
  'x',
  '/x',
  'TCP',
  'other',
  'v1',
  'mesh-cert',
  'inner-two',
  '10.1.2.3',
  '127.0.0.1:7',
  'eC1mcg==',
  'UNAVAILABLE',
];
const numbers = [7, 308, 9000, 0];
const maps = [{ a: '1' }, { http: 7 }, { version: 'v1' }];
const lists = [['x'], ['x.example.com'], ['10.1.2.3'], [204], ['AES256-SHA'], ['P-521']];

export function leavesOf(kind: ResourceKind): Leaf[] {
  const { properties } = renderSchema(kind.schema, 'json-schema') as { properties: { spec: JsonSchema } };
  return [...leaves(properties.spec, 'spec')];
}

function* leaves(schema: JsonSchema, path: string): Generator<Leaf> {
  const {
    properties,
    items,
    additionalProperties: members,
  } = schema as Record<string, JsonSchema | undefined>;
  if (properties !== undefined) {
    for (const [name, field] of Object.entries(properties))
      yield* leaves(field as JsonSchema, `${path}.${name}`);
  } else if (hasFields(items)) yield* leaves(items, `${path}[]`);
  else if (hasFields(members)) yield* leaves(members, `${path}.*`);
  else yield { path, candidates: candidatesFor(schema, path) };
}

const hasFields = (schema: JsonSchema | undefined): schema is JsonSchema =>
  typeof schema === 'object' && schema.properties !== undefined;

function candidatesFor({ type, enum: values, anyOf }: JsonSchema, path: string): readonly unknown[] {
  if (Array.isArray(values)) return values;
  const types = anyOf === undefined ? [type].flat() : (anyOf as JsonSchema[]).map((one) => one.type);
  if (types.includes('integer') || types.includes('number')) return numbers;
  if (types.includes('boolean')) return [true, false];
  if (types.includes('array')) return lists;
  if (types.includes('object')) return maps;
  return /(time|timeout|delay|backoff|interval|jitter|duration|period|ttl|maxAge|Secs|rate)$/i.test(path)
    ? times
    : texts;
}

/**
 * A copy of `resource` with a value at the path: in the first item of each list, the member `9080` of each map.
 * Without a value: with all that surrounds the field, and the field as it is.
 */
export function withField(resource: Resource, path: string, value?: unknown): Resource {
  const copy = structuredClone(resource);
  const steps = path.replaceAll('[]', '.0').replaceAll('*', '9080').split('.');
  const last = steps.pop() ?? '';
  let at = copy as unknown as Record<string, unknown>;
  steps.forEach((step, index) => {
    at[step] ??= (steps[index + 1] ?? last) === '0' ? [] : {};
    at = at[step] as Record<string, unknown>;
  });
  if (value !== undefined) at[last] = value;
  return copy;
}
