/** A step of a column's path: a field, an index, every element, or the elements where a field is a value. */
type Step =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'all' }
  | { readonly kind: 'where'; readonly path: readonly Step[]; readonly value: string };

const cache = new Map<string, readonly Step[]>();

/**
 * The values at a path of the JSONPath subset that additionalPrinterColumns use: `spec.hosts`,
 * `spec.ports[*].port`, `status.conditions[?(@.type=="Applied")].message`, `metadata.labels['a.b/c']`.
 */
export function valuesAt(path: string, root: unknown): unknown[] {
  const steps = cache.get(path) ?? parse(path);
  cache.set(path, steps);
  return walk(steps, root);
}

function parse(path: string): Step[] {
  const pattern =
    /\[\?\(@\.([^=)]+?)\s*==\s*(?:"([^"]*)"|'([^']*)')\)\]|\[\*\]|\[(\d+)\]|\[(?:'([^']*)'|"([^"]*)")\]|\.?((?:\\.|[^.[\]\\])+)/g;
  return [...path.matchAll(pattern)].map((match): Step => {
    const [text, condition, double, single, index, quoted, quotedTwice, name] = match;
    if (condition !== undefined)
      return { kind: 'where', path: parse(condition), value: double ?? single ?? '' };
    if (text === '[*]') return { kind: 'all' };
    if (index !== undefined) return { kind: 'index', index: Number(index) };
    return { kind: 'field', name: quoted ?? quotedTwice ?? (name ?? '').replaceAll('\\', '') };
  });
}

function walk(steps: readonly Step[], root: unknown): unknown[] {
  let values = [root];
  for (const step of steps) values = values.flatMap((value) => take(step, value));
  return values.filter((value) => value !== undefined && value !== null);
}

function take(step: Step, value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  switch (step.kind) {
    case 'field':
      return Object.hasOwn(value, step.name) ? [(value as Record<string, unknown>)[step.name]] : [];
    case 'index':
      return Array.isArray(value) ? [value[step.index]] : [];
    case 'all':
      return Object.values(value);
    case 'where':
      return Object.values(value).filter((element) =>
        walk(step.path, element).map(String).includes(step.value),
      );
  }
}
