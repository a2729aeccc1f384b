import { isDeepStrictEqual } from 'node:util';
import { fieldsOf, isJsonObject } from '@tulle/resources/json-object';

type Json = unknown;
type Fields = Record<string, Json>;

/**
 * The JSON merge patch (RFC 7396) that brings `current` to what is wanted now and leaves alone what others have
 * set: fields of `next` that differ, and fields of `last` (what was applied before) that `next` no longer has.
 * Lists are replaced as a whole. @returns undefined when there is nothing to do
 */
export function threeWayPatch(last: Json, next: Fields, current: Json): Fields | undefined {
  const before = fieldsOf(last);
  const now = fieldsOf(current);
  const patch: Fields = {};
  for (const [name, wanted] of Object.entries(next)) {
    const actual = now[name];
    if (isJsonObject(wanted) && isJsonObject(actual)) {
      const inner = threeWayPatch(before[name], wanted, actual);
      if (inner !== undefined) patch[name] = inner;
    } else if (!sameAsApplied(before[name], wanted, actual)) patch[name] = wanted;
  }
  for (const name of Object.keys(before)) {
    if (!(name in next) && name in now) patch[name] = null;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

/**
 * A list whose items the server has completed with defaults still is what was applied; so is anything equal.
 */
function sameAsApplied(last: Json, wanted: Json, actual: Json): boolean {
  return (
    isDeepStrictEqual(wanted, actual) ||
    (Array.isArray(wanted) && isDeepStrictEqual(last, wanted) && covers(actual, wanted))
  );
}

/** Whether `actual` has everything that `wanted` has, lists item by item. */
function covers(actual: Json, wanted: Json): boolean {
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(actual) &&
      actual.length === wanted.length &&
      wanted.every((item, at) => covers(actual[at], item))
    );
  }
  if (isJsonObject(wanted)) {
    return (
      isJsonObject(actual) && Object.entries(wanted).every(([name, value]) => covers(actual[name], value))
    );
  }
  return wanted === actual;
}
