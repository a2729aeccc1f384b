import { type Finding, warning } from './finding.ts';
import type { ResourceKind } from './kind.ts';
import type { FieldPath } from './path.ts';

/** Warns of the fields of `resource` that change nothing: those that don't yet, and those that mean nothing here. */
export function warnInert(
  resource: unknown,
  { notEnforced = {}, inert = {} }: Pick<ResourceKind, 'notEnforced' | 'inert'>,
): Finding[] {
  const messages = [
    ...Object.entries(notEnforced).map(
      ([pattern, why]) =>
        [pattern, 'not-enforced', `is accepted but has no effect here yet: ${why}`] as const,
    ),
    ...Object.entries(inert).map(
      ([pattern, why]) => [pattern, 'not-applicable', `has no effect: ${why}`] as const,
    ),
  ];
  return messages.flatMap(([pattern, code, message]) =>
    placesOf(resource, pattern).map((path) => ({ ...warning(code, path, message), atKey: true })),
  );
}

/**
 * The places of `resource` that a pattern names: `spec.http[].fault` means that field in every item of the
 * list; `spec.ports.*.x` in every entry of the map. Only fields that are set.
 */
function placesOf(resource: unknown, pattern: string): FieldPath[] {
  let places: { path: FieldPath; value: unknown }[] = [{ path: [], value: resource }];
  for (const step of stepsOf(pattern)) {
    places = places.flatMap(({ path, value }) => {
      if (typeof value !== 'object' || value === null) return [];
      if (step === '[]')
        return Array.isArray(value)
          ? value.map((item, index) => ({ path: [...path, index], value: item }))
          : [];
      if (step === '*')
        return Object.entries(value).map(([name, member]) => ({ path: [...path, name], value: member }));
      return Object.hasOwn(value, step)
        ? [{ path: [...path, step], value: (value as Record<string, unknown>)[step] }]
        : [];
    });
  }
  return places.filter(({ value }) => value !== undefined && value !== null).map(({ path }) => path);
}

const stepsOf = (pattern: string): string[] =>
  pattern.split('.').flatMap((name) => (name.endsWith('[]') ? [name.slice(0, -2), '[]'] : [name]));
