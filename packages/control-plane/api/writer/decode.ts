import { isJsonObject } from '@tulle/resources/json-object';
import type { Resource, ResourceKind } from '@tulle/resources/kind';
import { formatProblem, type Problem } from '@tulle/resources/problem';
import { validateResource } from '@tulle/resources/validate';
import { checkPatchValues } from '../../compile/patches/check-values.ts';
import { formatApiVersion, type ServedKind, subjectOf } from '../served-kinds.ts';
import { badRequest, invalid, type StatusCause } from '../status-error.ts';

/** What becomes of fields that the schema doesn't know: an error, a warning and dropped, or just dropped. */
export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

/**
 * The object that a client sent for a path: apiVersion and kind are filled in when absent, must fit when given.
 * @throws ApiError 400
 */
export function decodeObject(body: unknown, { kind, version }: ServedKind): Resource {
  if (!isJsonObject(body)) throw badRequest('the body must be one JSON object');
  const expected = formatApiVersion(kind.group, version);
  const { apiVersion = expected, kind: name = kind.kind, metadata = {} } = body;
  if (apiVersion !== expected) {
    const given = typeof apiVersion === 'string' ? apiVersion : JSON.stringify(apiVersion);
    throw badRequest(
      `the API version in the data (${given}) does not match the expected API version (${expected})`,
    );
  }
  if (name !== kind.kind) {
    throw badRequest(`${String(name)} in version "${version}" cannot be handled as a ${kind.kind}`);
  }
  if (!isJsonObject(metadata)) throw badRequest('metadata must be an object');
  for (const field of ['name', 'namespace', 'generateName', 'resourceVersion', 'uid']) {
    const value = metadata[field];
    if (value !== undefined && value !== null && typeof value !== 'string')
      throw badRequest(`metadata.${field} must be a string`);
  }
  return {
    ...body,
    apiVersion: expected,
    kind: name,
    metadata: { ...metadata, name: metadata.name ?? '' },
  } as Resource;
}

export interface Checked {
  readonly resource: Resource;
  readonly warnings: readonly string[];
}

/**
 * Validates against the kind's schema and rules. With `only`, problems outside that field are let pass: a
 * status write must not fail for what an older release let into the spec.
 * @throws ApiError 400 for unknown fields under Strict, 422 for everything else
 */
export function checkResource(
  resource: Resource,
  kind: ResourceKind,
  validation: FieldValidation,
  only?: 'status',
): Checked {
  let candidate = resource;
  let result = validateResource(candidate, { check: checkPatchValues });
  const unknown = errorsOf(result.problems, only).filter(isUnknown);
  const warnings: string[] = [];
  if (unknown.length > 0) {
    if (validation === 'Strict') throw strictDecoding(resource, unknown);
    if (validation === 'Warn') warnings.push(...unknown.map(formatProblem));
    candidate = structuredClone(resource);
    for (const { path } of unknown.toReversed()) removeAt(candidate, path);
    result = validateResource(candidate, { check: checkPatchValues });
  }
  const errors = errorsOf(result.problems, only);
  if (errors.length > 0) {
    const name = resource.metadata.name || (resource.metadata.generateName ?? '');
    throw invalid(subjectOf(kind, name), errors.map(causeOf));
  }
  warnings.push(...result.problems.filter(({ severity }) => severity === 'warning').map(formatProblem));
  return { resource: result.resource ?? candidate, warnings };
}

const isUnknown = ({ code }: Problem): boolean => code === 'unknown-field';

const errorsOf = (problems: readonly Problem[], only: string | undefined): Problem[] =>
  problems.filter(
    ({ severity, path }) => severity === 'error' && (only === undefined || isUnder(path, only)),
  );

const isUnder = (path: string, field: string): boolean =>
  path === field || (/^[.[]/.test(path.slice(field.length)) && path.startsWith(field));

function strictDecoding({ kind, apiVersion }: Resource, problems: readonly Problem[]): Error {
  const texts = problems.map((problem) => `unknown field "${problem.path}": ${problem.message}`);
  const version = apiVersion.slice(apiVersion.indexOf('/') + 1);
  return badRequest(
    `${kind} in version "${version}" cannot be handled as a ${kind}: strict decoding error: ${texts.join(', ')}`,
  );
}

/** Our codes by the reasons of the Kubernetes API. */
const reasons: Readonly<Record<string, string>> = {
  required: 'FieldValueRequired',
  duplicate: 'FieldValueDuplicate',
  'wrong-type': 'FieldValueTypeInvalid',
  'unknown-value': 'FieldValueNotSupported',
};

const causeOf = ({ code, message, path }: Problem): StatusCause => ({
  reason: reasons[code] ?? 'FieldValueInvalid',
  message,
  field: path,
});

/** Takes a field out of an object, by the path that a problem names. */
function removeAt(root: unknown, path: string): void {
  const steps = parsePath(path);
  const last = steps.pop();
  let parent = root;
  for (const step of steps) parent = isIndexable(parent) ? parent[step] : undefined;
  if (last === undefined || !isIndexable(parent)) return;
  delete parent[last];
}

/** `spec.http[0]["a.b"].x` as keys; a quoted key may hold anything. */
function parsePath(path: string): string[] {
  return [...path.matchAll(/\["((?:\\.|[^"\\])*)"\]|\[(\d+)\]|([^.[\]]+)/g)].map(([, quoted, index, name]) =>
    quoted === undefined ? (index ?? name ?? '') : (JSON.parse(`"${quoted}"`) as string),
  );
}

const isIndexable = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
