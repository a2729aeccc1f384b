type Json = unknown;
type Fields = Record<string, Json>;

/**
 * The JSON merge patch (RFC 7396) that brings `current` to what is wanted now and leaves alone what others have
 * set: fields of `next` that differ, and fields of `last` (what was applied before) that `next` no longer has.
 * Lists are replaced as a whole. @returns undefined when there is nothing to do
 */
export function threeWayPatch(last: Json, next: Fields, current: Json): Fields | undefined {
  const before = isFields(last) ? last : {};
  const now = isFields(current) ? current : {};
  const patch: Fields = {};
  for (const [name, wanted] of Object.entries(next)) {
    const actual = now[name];
    if (isFields(wanted) && isFields(actual)) {
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
    deepEqual(wanted, actual) || (Array.isArray(wanted) && deepEqual(last, wanted) && covers(actual, wanted))
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
  if (isFields(wanted)) {
    return isFields(actual) && Object.entries(wanted).every(([name, value]) => covers(actual[name], value));
  }
  return wanted === actual;
}

export function deepEqual(a: Json, b: Json): boolean {
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((item, at) => deepEqual(item, b[at]));
  if (isFields(a) && isFields(b)) {
    const names = Object.keys(a);
    return (
      names.length === Object.keys(b).length &&
      names.every((name) => name in b && deepEqual(a[name], b[name]))
    );
  }
  return a === b;
}

function isFields(value: Json): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
