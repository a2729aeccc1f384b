import { isDeepStrictEqual } from 'node:util';
import { PatchError } from './patch-error.ts';

type Container = Record<string, unknown> | unknown[];

const maxOperations = 10_000;

/**
 * RFC 6902. Returns the patched document; the argument stays as it is.
 * @throws PatchError malformed for what is no patch, failed for one that does not fit the document
 */
export function applyJsonPatch(document: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw new PatchError('malformed', 'a JSON patch must be a list of operations');
  if (patch.length > maxOperations)
    throw new PatchError('malformed', `more than ${maxOperations} operations`);
  let root = structuredClone(document);
  for (const operation of patch as unknown[]) root = apply(root, operation);
  return root;
}

function apply(root: unknown, operation: unknown): unknown {
  if (typeof operation !== 'object' || operation === null)
    throw new PatchError('malformed', 'an operation must be an object');
  const { op, path, from, value } = operation as Record<string, unknown>;
  const target = pointer(path, 'path');
  const needsValue = (): unknown => {
    if (!Object.hasOwn(operation, 'value'))
      throw new PatchError('malformed', `"${String(op)}" needs a value`);
    return structuredClone(value);
  };
  switch (op) {
    case 'add':
      return add(root, target, needsValue());
    case 'remove':
      return remove(root, target);
    case 'replace':
      get(root, target);
      return target.length === 0 ? needsValue() : set(root, target, needsValue());
    case 'move': {
      const source = pointer(from, 'from');
      if (target.length > source.length && source.every((step, i) => step === target[i]))
        throw new PatchError('failed', `can't move ${String(from)} into itself`);
      const moved = get(root, source);
      return add(remove(root, source), target, moved);
    }
    case 'copy':
      return add(root, target, structuredClone(get(root, pointer(from, 'from'))));
    case 'test':
      if (!isDeepStrictEqual(get(root, target), needsValue()))
        throw new PatchError('failed', `testing value ${String(path)} failed`);
      return root;
    default:
      throw new PatchError('malformed', `unknown operation ${JSON.stringify(op)}`);
  }
}

/** RFC 6901. */
function pointer(text: unknown, field: string): string[] {
  if (typeof text !== 'string' || (text !== '' && !text.startsWith('/')) || /~(?![01])/.test(text))
    throw new PatchError('malformed', `${field} must be a JSON pointer, not ${JSON.stringify(text)}`);
  const steps = text.split('/').slice(1);
  if (steps.includes('__proto__')) throw new PatchError('malformed', `${field} must not name __proto__`);
  return steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function get(root: unknown, path: readonly string[]): unknown {
  let value = root;
  for (const step of path) {
    const container = containerOf(value, path);
    const key = Array.isArray(container) ? indexIn(container, step, path, container.length - 1) : step;
    if (!Object.hasOwn(container, key)) throw missing(path);
    value = (container as Record<string | number, unknown>)[key];
  }
  return value;
}

function add(root: unknown, path: readonly string[], value: unknown): unknown {
  const last = path.at(-1);
  if (last === undefined) return value;
  const container = containerOf(get(root, path.slice(0, -1)), path);
  if (Array.isArray(container)) {
    const index = last === '-' ? container.length : indexIn(container, last, path, container.length);
    container.splice(index, 0, value);
  } else container[last] = value;
  return root;
}

function set(root: unknown, path: readonly string[], value: unknown): unknown {
  const container = containerOf(get(root, path.slice(0, -1)), path) as Record<string, unknown>;
  container[path.at(-1) ?? ''] = value;
  return root;
}

function remove(root: unknown, path: readonly string[]): unknown {
  get(root, path);
  const last = path.at(-1);
  if (last === undefined) return null;
  const container = containerOf(get(root, path.slice(0, -1)), path);
  if (Array.isArray(container)) container.splice(Number(last), 1);
  else delete container[last];
  return root;
}

function containerOf(value: unknown, path: readonly string[]): Container {
  if (typeof value !== 'object' || value === null) throw missing(path);
  return value as Container;
}

function indexIn(list: readonly unknown[], step: string, path: readonly string[], max: number): number {
  if (!/^(0|[1-9]\d{0,8})$/.test(step) || Number(step) > max)
    throw new PatchError('failed', `/${path.join('/')}: no index ${step} in a list of ${list.length}`);
  return Number(step);
}

const missing = (path: readonly string[]): PatchError =>
  new PatchError('failed', `/${path.join('/')}: the path does not exist`);
