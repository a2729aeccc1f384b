import type { Operation } from '@tulle/resources/istio/envoy-filter/kind';

/** One patch of a list of named objects. */
export interface ListPatch<T> {
  readonly operation: Operation;
  /** What is put in, a new one each time. */
  readonly make: () => T;
  /** Whether the patch names an object of the list; without one INSERT is about the list's ends. */
  readonly isNamed: boolean;
  readonly selects: (item: T) => boolean;
}

/**
 * The list after the patch; the same list where it has no effect. MERGE is not about lists. An object that is to be
 * found and is not there: no effect (Istio, EnvoyFilter.Patch.Operation).
 */
export function patchedList<T>(items: readonly T[], patch: ListPatch<T>): readonly T[] {
  const { operation, make, isNamed, selects } = patch;
  const at = items.findIndex(selects);
  const found = isNamed && at >= 0;
  switch (operation) {
    case 'ADD':
      return [...items, make()];
    case 'INSERT_FIRST':
      return isNamed && !found ? items : [make(), ...items];
    case 'INSERT_BEFORE':
      if (!isNamed) return [make(), ...items];
      return found ? items.toSpliced(at, 0, make()) : items;
    case 'INSERT_AFTER':
      if (!isNamed) return [...items, make()];
      return found ? items.toSpliced(at + 1, 0, make()) : items;
    case 'REPLACE':
      return found ? items.with(at, make()) : items;
    case 'REMOVE':
      return found ? items.filter((item) => !selects(item)) : items;
    default:
      return items;
  }
}
