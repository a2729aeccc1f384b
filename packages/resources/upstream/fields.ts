import type { CrdSchema } from './crd-judge.ts';

/** Every field of a schema by its path (`spec.http[].timeout`, `{}` for any key of a map), with all but its description. */
export function fieldsOf(schema: CrdSchema, path = ''): Map<string, Record<string, unknown>> {
  const { properties, items, additionalProperties, ...own } = schema;
  const { description: _, ...facts } = own as Record<string, unknown>;
  const fields = new Map([[path, normal(facts)]]);
  const add = (part: CrdSchema, name: string) => {
    for (const [key, value] of fieldsOf(part, name)) fields.set(key, value);
  };
  for (const [name, field] of Object.entries(properties ?? {}))
    add(field, path === '' ? name : `${path}.${name}`);
  if (items !== undefined) add(items, `${path}[]`);
  if (typeof additionalProperties === 'object') add(additionalProperties, `${path}{}`);
  return fields;
}

/** Order has no meaning in these lists. */
function normal(facts: Record<string, unknown>): Record<string, unknown> {
  const sorted = (value: unknown) =>
    Array.isArray(value)
      ? [...value].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
      : value;
  const keys = Object.keys(facts).sort();
  return Object.fromEntries(
    keys.map((key) => [
      key,
      key === 'enum' || key === 'required'
        ? sorted(facts[key])
        : key === 'x-kubernetes-validations'
          ? sorted(
              (facts[key] as { rule: string; message: string }[]).map(({ rule, message }) => ({
                message,
                rule,
              })),
            )
          : facts[key],
    ]),
  );
}
