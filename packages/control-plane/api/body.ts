import { scanJson } from './json-scan.ts';
import { badRequest } from './status-error.ts';

const deepest = 200;
const duplicates = new WeakMap<object, readonly string[]>();

/**
 * A JSON body. Keys that would reach a prototype, and nesting that would exhaust the stack, are refused
 * whatever field they are in.
 * @throws ApiError 400
 */
export function parseJsonBody(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  const text = bytes.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw badRequest(
      `the object provided is unrecognized: ${error instanceof Error ? error.message : 'not JSON'}`,
    );
  }
  const { depth, duplicateFields, fields } = scanJson(text);
  if (depth > deepest) throw badRequest(`the object provided is nested deeper than ${deepest}`);
  if (fields.has('__proto__')) throw badRequest('a field must not be called __proto__');
  if (duplicateFields.length > 0 && typeof value === 'object' && value !== null)
    duplicates.set(value, duplicateFields);
  return value;
}

/** Paths of fields that a body had more than once (the last one counts). */
export const duplicateFieldsOf = (body: unknown): readonly string[] =>
  (typeof body === 'object' && body !== null && duplicates.get(body)) || [];
