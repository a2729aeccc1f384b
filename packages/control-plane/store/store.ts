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
  /** Show the state at this revision instead of the newest; not together with `continue`. */
  readonly at?: string;
}

export interface ListResult {
  readonly items: readonly Resource[];
  /** The revision that this list shows. Decimal, grows by every write to any collection. */
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remaining?: number;
}

/**
 * A change, shared by all watchers: not to be modified. A DELETED resource is the last state, with the
 * revision of its deletion. `previous` is what the change replaced; absent with ADDED.
 */
export type WatchEvent =
  | {
      readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
      readonly resource: Resource;
      readonly previous?: Resource;
    }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string };

export interface Watch {
  close(): void;
}

/** Why a store refused. Nothing was written. */
export class StoreError extends Error {
  readonly code: 'not-found' | 'already-exists' | 'conflict' | 'expired' | 'malformed' | 'unavailable';
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
  /**
   * Ordered by namespace, then name, in the order of their UTF-8 bytes.
   * @throws StoreError expired when history no longer reaches back to `continue` or `at`; malformed when a
   * continue token is not ours or a revision lies in the future
   */
  list(collection: Collection, options?: ListOptions): Promise<ListResult>;
  /** @throws StoreError already-exists */
  create(key: Key, resource: Resource): Promise<Resource>;
  /** Replaces, if the stored resourceVersion still is `expected`. @throws StoreError not-found, conflict */
  update(key: Key, resource: Resource, expected: string): Promise<Resource>;
  /** Deletes, if `expected` is absent or still the version. @throws StoreError not-found, conflict */
  delete(key: Key, expected?: string): Promise<Resource>;
  /**
   * Calls `onEvent` in order for every change after `since` (exclusive), never before this call has returned.
   * @throws StoreError expired when history no longer reaches back to `since`, or `since` lies in the future
   * (a revision of another store: its reader must list anew)
   */
  watch(
    collection: Collection,
    options: { readonly namespace?: string; readonly since: string },
    onEvent: (event: WatchEvent) => void,
  ): Watch;
  /** The newest revision; greater than 0. Every change up to it has been handed to the watches then open. */
  revision(): string;
  close(): Promise<void>;
}
