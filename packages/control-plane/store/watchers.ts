import type { Collection, Watch, WatchEvent } from './store.ts';

/** A committed change and where it happened. */
export interface Change {
  readonly revision: number;
  readonly collection: Collection;
  readonly namespace: string;
  readonly event: WatchEvent;
}

interface Watcher {
  readonly namespace: string | undefined;
  readonly onEvent: (event: WatchEvent) => void;
  /** The revision up to which this watcher's backlog reaches: live changes come after it. */
  readonly from: number;
  open: boolean;
}

/** The watches that are open, by collection. Hands out committed changes in order. */
export class Watchers {
  readonly #byCollection = new Map<string, Set<Watcher>>();
  readonly #onError: (error: unknown) => void;

  /** `onError` gets what a watcher's callback throws; the others still get the event. */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** `backlog` is delivered in a microtask, so before any later commit. */
  add(
    collection: Collection,
    namespace: string | undefined,
    from: number,
    backlog: Iterable<WatchEvent>,
    onEvent: (event: WatchEvent) => void,
  ): Watch {
    const watcher: Watcher = { namespace, onEvent, from, open: true };
    const key = keyOf(collection);
    const set = this.#byCollection.get(key) ?? new Set();
    this.#byCollection.set(key, set.add(watcher));
    queueMicrotask(() => {
      for (const event of backlog) this.#deliver(watcher, event);
    });
    return {
      close: () => {
        watcher.open = false;
        set.delete(watcher);
      },
    };
  }

  publish(change: Change): void {
    for (const watcher of this.#byCollection.get(keyOf(change.collection)) ?? []) {
      if (change.revision <= watcher.from) continue;
      if (watcher.namespace === undefined || watcher.namespace === change.namespace)
        this.#deliver(watcher, change.event);
    }
  }

  clear(): void {
    for (const set of this.#byCollection.values()) for (const watcher of set) watcher.open = false;
    this.#byCollection.clear();
  }

  #deliver(watcher: Watcher, event: WatchEvent): void {
    if (!watcher.open) return;
    try {
      watcher.onEvent(event);
    } catch (error) {
      this.#onError(error);
    }
  }
}

const keyOf = ({ group, plural }: Collection): string => `${plural}.${group}`;
