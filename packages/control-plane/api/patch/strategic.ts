import { isDeepStrictEqual } from 'node:util';
import { isJsonObject } from '@tulle/resources/json-object';
import { type ListStrategy, listStrategyOf } from './merge-keys.ts';
import { PatchError } from './patch-error.ts';

type Fields = Record<string, unknown>;

const deleteFromPrefix = '$deleteFromPrimitiveList/';
const orderPrefix = '$setElementOrder/';

/**
 * Kubernetes' strategic merge patch: as a merge patch, but lists with a merge key merge element by element,
 * and the directives `$patch`, `$retainKeys`, `$deleteFromPrimitiveList` and `$setElementOrder` say more.
 * Nothing of the arguments is modified.
 * @throws PatchError malformed
 */
export function applyStrategicPatch(target: Fields, patch: unknown, kind: string): unknown {
  if (!isJsonObject(patch)) throw new PatchError('malformed', 'a strategic merge patch must be an object');
  return mergeObject(target, patch, kind, '') ?? {};
}

/** Undefined: deleted by `$patch: delete`. */
function mergeObject(target: Fields, patch: Fields, kind: string, path: string): Fields | undefined {
  const { $patch: directive, $retainKeys: retained, ...changes } = patch;
  if (directive === 'delete') return undefined;
  if (directive === 'replace') return withoutDirectives(changes);
  if (directive !== undefined && directive !== 'merge')
    throw new PatchError('malformed', `${path}: unknown $patch directive ${JSON.stringify(directive)}`);
  const result: Fields = { ...target };
  if (retained !== undefined) retain(result, retained, path);
  for (const [key, value] of Object.entries(changes)) {
    if (key.startsWith('$')) continue;
    const child = path === '' ? key : `${path}.${key}`;
    const present = Object.hasOwn(result, key) ? result[key] : undefined;
    if (value === null) delete result[key];
    else if (Array.isArray(value)) result[key] = mergeList(listOf(present), value, kind, child);
    else if (isJsonObject(value)) {
      const merged = mergeObject(isJsonObject(present) ? present : {}, value, kind, child);
      if (merged === undefined) delete result[key];
      else result[key] = merged;
    } else result[key] = value;
  }
  applyListDirectives(result, changes, kind, path);
  return result;
}

function retain(result: Fields, retained: unknown, path: string): void {
  if (!Array.isArray(retained)) throw new PatchError('malformed', `${path}: $retainKeys must be a list`);
  for (const key of Object.keys(result)) if (!retained.includes(key)) delete result[key];
}

/** The directives that stand beside the list they are about. */
function applyListDirectives(result: Fields, changes: Fields, kind: string, path: string): void {
  for (const [directive, value] of Object.entries(changes)) {
    if (!directive.startsWith('$')) continue;
    if (!Array.isArray(value)) throw new PatchError('malformed', `${path}: ${directive} must be a list`);
    const field = directive.slice(directive.indexOf('/') + 1);
    const present = Object.hasOwn(result, field) ? result[field] : undefined;
    if (!Array.isArray(present)) continue;
    if (directive.startsWith(deleteFromPrefix))
      result[field] = present.filter((item) => !value.includes(item));
    else if (directive.startsWith(orderPrefix)) {
      const strategy = listStrategyOf(kind, path === '' ? field : `${path}.${field}`);
      const touched = Object.hasOwn(changes, field) ? listOf(changes[field]) : [];
      if (strategy !== undefined) result[field] = reorder(present, value, strategy, touched);
    } else throw new PatchError('malformed', `${path}: unknown directive ${directive}`);
  }
}

function mergeList(
  target: readonly unknown[],
  patch: readonly unknown[],
  kind: string,
  path: string,
): unknown[] {
  const strategy = listStrategyOf(kind, path);
  if (strategy === undefined) return patch.filter((item) => !isReplace(item)).map(plain);
  if (strategy === 'set') return [...target, ...patch.filter((item) => !target.includes(item))];
  if (patch.some(isReplace)) return patch.filter((item) => !isReplace(item)).map(plain);
  const result = [...target];
  for (const item of patch) {
    const { key } = strategy;
    if (!isJsonObject(item) || !Object.hasOwn(item, key))
      throw new PatchError('malformed', `${path}: each element needs its merge key "${key}"`);
    const at = result.findIndex((other) => isJsonObject(other) && isDeepStrictEqual(other[key], item[key]));
    const present = at < 0 ? undefined : result[at];
    const merged = mergeObject(isJsonObject(present) ? present : {}, item, kind, `${path}[]`);
    if (at >= 0) result.splice(at, 1, ...(merged === undefined ? [] : [merged]));
    else if (merged !== undefined) result.push(merged);
  }
  return result;
}

/**
 * The elements that the order names stand in that order; the others keep their place relative to the
 * elements before them.
 */
function reorder(
  list: readonly unknown[],
  order: readonly unknown[],
  strategy: ListStrategy,
  touched: readonly unknown[],
): unknown[] {
  const identity = (item: unknown): unknown =>
    strategy !== 'set' && isJsonObject(item) ? item[strategy.key] : item;
  const rank = (item: unknown): number =>
    order.findIndex((wanted) => isDeepStrictEqual(identity(wanted), identity(item)));
  const named = list.filter((item) => rank(item) >= 0).toSorted((a, b) => rank(a) - rank(b));
  const others = list.filter((item) => rank(item) < 0 && !touched.includes(item));
  const result: unknown[] = [];
  const place = (item: unknown): number => list.indexOf(item);
  while (named.length > 0 || others.length > 0) {
    const [first] = named;
    const [other] = others;
    const otherFirst = others.length > 0 && (named.length === 0 || place(other) < place(first));
    result.push(otherFirst ? others.shift() : named.shift());
  }
  return result;
}

const isReplace = (item: unknown): boolean => isJsonObject(item) && item.$patch === 'replace';

const plain = (item: unknown): unknown => (isJsonObject(item) ? withoutDirectives(item) : item);

function withoutDirectives(fields: Fields): Fields {
  const entries = Object.entries(fields).filter(([key, value]) => !key.startsWith('$') && value !== null);
  return Object.fromEntries(
    entries.map(([key, value]) => [key, isJsonObject(value) ? withoutDirectives(value) : value]),
  );
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
