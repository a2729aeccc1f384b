import { isJsonObject } from '@tulle/resources/json-object';

/**
 * RFC 7386: objects merge, null removes, all else replaces. Nothing of the arguments is modified; parts of
 * them are shared by the result.
 */
export function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return patch;
  const result: Record<string, unknown> = isJsonObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = applyMergePatch(Object.hasOwn(result, key) ? result[key] : undefined, value);
  }
  return result;
}
