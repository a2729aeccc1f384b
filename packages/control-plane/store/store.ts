import type { Resource } from '@tulle/resources/kind';

/** Which collection: storage is by group and plural; versions are aliases of one schema. */
export interface Collection {
  readonly group: string;
  readonly plural: string;
}

export interface Key extends Collection {
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
}

export interface ListOptions {
  /** Only this namespace; all when absent. */
  readonly namespace?: string;
  readonly limit?: number;
  /** From the previous page; the page shows the state at that page's resourceVersion. */
  readonly continue?: string;
}

export interface ListResult {
  readonly items: readonly Resource[];
  /** The revision that this list shows. Decimal, grows by every write to any collection. */
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remaining?: number;
}

export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly resource: Resource }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string };

export interface Watch {
  close(): void;
}

/** Why a store refused. Nothing was written. */
export class StoreError extends Error {
  readonly code: 'not-found' | 'already-exists' | 'conflict' | 'expired' | 'unavailable';
  constructor(code: StoreError['code'], message: string) {
    super(message);
    this.name = 'StoreError';
    this.code = code;
  }
}

/**
 * Where resources live. Every implementation passes `store.conformance.ts`. A write that has resolved
 * survives kill -9. The store assigns resourceVersion; uid, generation, timestamps and validation are the
 * API's.
 */
export interface Store {
  get(key: Key): Promise<Resource | undefined>;
  list(collection: Collection, options?: ListOptions): Promise<ListResult>;
  /** @throws StoreError already-exists */
  create(key: Key, resource: Resource): Promise<Resource>;
  /** Replaces, if the stored resourceVersion still is `expected`. @throws StoreError not-found, conflict */
  update(key: Key, resource: Resource, expected: string): Promise<Resource>;
  /** Deletes, if `expected` is absent or still the version. @throws StoreError not-found, conflict */
  delete(key: Key, expected?: string): Promise<Resource>;
  /**
   * Calls `onEvent` in order for every change after `since` (exclusive).
   * @throws StoreError expired when history no longer reaches back to `since`
   */
  watch(
    collection: Collection,
    options: { readonly namespace?: string; readonly since: string },
    onEvent: (event: WatchEvent) => void,
  ): Watch;
  /** The newest revision. */
  revision(): string;
  close(): Promise<void>;
}
