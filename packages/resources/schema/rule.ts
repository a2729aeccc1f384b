import type { z } from 'zod';
import type { ProblemCode } from '../problem-codes.ts';

/** A rule that a CRD states in CEL (`x-kubernetes-validations`) and we test by a function of ours. */
export interface Rule<T> {
  /** The CEL text, as the API's own CRD has it: it goes into ours, and a test holds both against each other. */
  readonly rule: string;
  /** The CRD's message. */
  readonly message: string;
  readonly test: (value: T) => boolean;
  /** What our users read: what was expected, and what was found. The CRD's message by default. */
  readonly explain?: (value: T) => string;
  /** The field within the value that is at fault, when one can be named. */
  readonly at?: (value: T) => readonly (string | number)[];
}

/** Adds rules to a schema, to those it has. */
export function withRules<S extends z.ZodType>(schema: S, ...rules: readonly Rule<z.output<S>>[]): S {
  const all = [
    ...((schema.meta()?.['x-kubernetes-validations'] as object[]) ?? []),
    ...rules.map(({ rule, message }) => ({ message, rule })),
  ];
  return schema
    .superRefine((value, context) => {
      for (const { test, explain, message, at } of rules) {
        if (test(value)) continue;
        context.addIssue({
          code: 'custom',
          params: { code: 'rule' },
          path: [...(at?.(value) ?? [])],
          message: explain?.(value) ?? message,
        });
      }
    })
    .meta({ 'x-kubernetes-validations': all }) as S;
}

/**
 * A condition that no CRD states but the API's own controllers refuse (Istio's webhook, for instance), so it
 * is not part of the generated CRD.
 */
export function checked<S extends z.ZodType>(
  schema: S,
  code: ProblemCode,
  test: (value: z.output<S>) => boolean,
  explain: (value: z.output<S>) => string,
): S {
  return schema.superRefine((value, context) => {
    if (!test(value)) context.addIssue({ code: 'custom', params: { code }, message: explain(value) });
  }) as S;
}

/** At most one of these fields may be set (a protobuf oneof). Several groups may be put on one object. */
export function oneOf<S extends z.ZodObject>(schema: S, ...group: readonly string[]): S {
  const groups = [...((schema.meta()?.[oneOfGroups] as string[][] | undefined) ?? []), group];
  return schema
    .superRefine((value, context) => {
      const [first, second] = group.filter((name) => (value as Record<string, unknown>)[name] !== undefined);
      if (second === undefined) return;
      context.addIssue({
        code: 'custom',
        params: { code: 'one-of' },
        path: [second],
        message: `conflicts with ${first}: set only one of ${group.join(', ')}`,
      });
    })
    .meta({ [oneOfGroups]: groups }) as S;
}

/** Where `oneOf` notes its groups for the generators of JSON Schema and CRD. */
export const oneOfGroups = 'tulle-one-of';

/** A list that is a map by `key` (`x-kubernetes-list-type: map`): no value of it may stand there twice. */
export function uniqueBy<S extends z.ZodArray<z.ZodObject>>(list: S, key: string): S {
  return list
    .superRefine((items, context) => {
      const values = items.map((item) => (item as Record<string, unknown>)[key]);
      for (const [index, value] of values.entries()) {
        if (values.indexOf(value) === index) continue;
        context.addIssue({
          code: 'custom',
          params: { code: 'duplicate' },
          path: [index, key],
          message: `is given twice: ${JSON.stringify(value)}`,
        });
      }
    })
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [key] }) as S;
}
