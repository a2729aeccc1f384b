import { findKind } from './kinds.ts';

export const knownListFields: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata', 'items']);

/**
 * The items of `kind: List` (v1) or of a kind's own list (`VirtualServiceList`), whose items may leave out what
 * the list's kind says. Undefined: not a list at all.
 */
export function listItems(value: unknown): unknown[] | 'not a list' | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { apiVersion, kind, items } = value as { apiVersion?: unknown; kind?: unknown; items?: unknown };
  if (typeof kind !== 'string' || typeof apiVersion !== 'string' || !kind.endsWith('List')) return undefined;
  const itemKind = kind.slice(0, -4);
  if (itemKind === '' ? apiVersion !== 'v1' : findKind(apiVersion, itemKind) === undefined) return undefined;
  if (!Array.isArray(items)) return 'not a list';
  if (itemKind === '') return items;
  return items.map((item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? { apiVersion, kind: itemKind, ...item }
      : item,
  );
}
