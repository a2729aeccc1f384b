import type { z } from 'zod';
import type { Finding } from './finding.ts';
import { nearestName } from './nearest.ts';
import type { FieldPath } from './path.ts';
import type { ProblemCode } from './problem-codes.ts';
import { isListSchema, isScalarSchema, knownFields, schemaAt, typeName } from './schema/known.ts';

/** Says what zod found in our own words: what was expected, what stands there, the nearest known name. */
export function findings(issue: z.core.$ZodIssue, schema: z.ZodType, root: unknown): Finding[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  const value = valueAt(root, path);
  const error = (code: ProblemCode, message: string): Finding[] => [
    { severity: 'error', code, path, message },
  ];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownField(key, path, knownFields(schema, path)));
    case 'invalid_union': {
      if (value === undefined) return error('required', `is required (${typeName(schemaAt(schema, path))})`);
      const inner = ofMeantOption(issue, schemaAt(schema, path), value);
      if (inner !== undefined)
        return inner.flatMap((nested) =>
          findings({ ...nested, path: [...path, ...nested.path] }, schema, root),
        );
      return error('wrong-type', `must be ${article(typeName(schemaAt(schema, path)))}, not ${show(value)}`);
    }
    case 'invalid_type':
      if (value === undefined) return error('required', `is required (${typeName(schemaAt(schema, path))})`);
      return error(
        'wrong-type',
        `must be ${article(typeName(schemaAt(schema, path)))}, not ${show(value)}${quoteHint(typeName(schemaAt(schema, path)), value)}`,
      );
    case 'invalid_value':
      if (value === undefined) return error('required', `is required (one of ${issue.values.join(', ')})`);
      return error('wrong-value', notOneOf(value, issue.values.map(String)));
    case 'too_small':
      return error(
        'out-of-range',
        `${bound(issue.origin, Number(issue.minimum), 'least')}, not ${measure(issue.origin, value)}`,
      );
    case 'too_big':
      return error(
        'out-of-range',
        `${bound(issue.origin, Number(issue.maximum), 'most')}, not ${measure(issue.origin, value)}`,
      );
    case 'custom':
      return error((issue.params?.code as ProblemCode | undefined) ?? 'invalid', issue.message);
    default:
      return error('invalid', issue.message);
  }
}

/** Of a union's issues, those of the member that the value's shape says was meant; undefined when none was. */
function ofMeantOption(
  issue: { readonly errors: z.core.$ZodIssue[][] },
  union: z.ZodType | undefined,
  value: unknown,
): z.core.$ZodIssue[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { options = [] } = (union?.def ?? {}) as { options?: z.ZodType[] };
  const index = options.findIndex(
    (option) => !isScalarSchema(option) && isListSchema(option) === Array.isArray(value),
  );
  return issue.errors[index];
}

function unknownField(key: string, parent: FieldPath, known: readonly string[]): Finding {
  const near = nearestName(key, known);
  let hint = '';
  if (near !== undefined) hint = `; did you mean ${JSON.stringify(near)}?`;
  else if (known.length > 0 && known.length <= 12) hint = `; known here: ${[...known].sort().join(', ')}`;
  return {
    severity: 'error',
    code: 'unknown-field',
    path: [...parent, key],
    message: `unknown field${hint}`,
    atKey: true,
  };
}

/** YAML reads `42` and `true` as number and boolean, and (unlike its older version) `yes` as text. */
function quoteHint(expected: string, value: unknown): string {
  if (expected === 'string' && (typeof value === 'number' || typeof value === 'boolean'))
    return `; write "${value}"`;
  if (expected === 'boolean' && typeof value === 'string' && /^(yes|no|on|off|true|false)$/i.test(value)) {
    return `; write ${/^(yes|on|true)$/i.test(value)}`;
  }
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
  if (expected === 'number' || (expected === 'integer' && Number.isInteger(number)))
    return Number.isFinite(number) ? `; write ${number}` : '';
  return '';
}

function notOneOf(value: unknown, allowed: readonly string[]): string {
  if (typeof value !== 'string') return `must be one of ${allowed.join(', ')}, not ${show(value)}`;
  const near = nearestName(value, allowed);
  const hint = near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`;
  return `must be ${allowed.length === 1 ? '' : 'one of '}${allowed.join(', ')}, not ${JSON.stringify(value)}${hint}`;
}

function bound(origin: string, limit: number, side: 'least' | 'most'): string {
  if (origin === 'string') return `must have at ${side} ${limit} characters`;
  if (origin === 'array') return `must have at ${side} ${limit} ${limit === 1 ? 'item' : 'items'}`;
  return `must be ${side === 'least' ? '≥' : '≤'} ${limit}`;
}

function measure(origin: string, value: unknown): string {
  if ((origin === 'string' && typeof value === 'string') || Array.isArray(value)) return String(value.length);
  return String(value);
}

/** A value as a reader recognises it, short. */
export function show(value: unknown): string {
  if (value === null) return 'null (empty)';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string')
    return `the string ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`;
  if (typeof value === 'number') return `the number ${value}`;
  return String(value);
}

const article = (type: string): string =>
  type === 'any' ? 'a value' : `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}`;

/** The value at `path`, or undefined. Own properties only. */
function valueAt(root: unknown, path: FieldPath): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}
