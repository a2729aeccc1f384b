import type { Resource } from '@tulle/resources/kind';
import type { Clock, Timer } from '@tulle/xds/clock';
import { type Store, StoreError, type Watch, type WatchEvent } from '../store/store.ts';
import type { RequestInfo } from './request-info.ts';
import type { ListOptions } from './selection/list-options.ts';
import { isSelected, listPage } from './selection/page.ts';
import { ApiError, expired, internal, type Status } from './status-error.ts';

/** One line of a watch, before it is shaped. `BOOKMARK` carries only the revision reached. */
export type WatchLine =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: Resource }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string }
  | { readonly type: 'ERROR'; readonly status: Status };

export interface WatchOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly info: RequestInfo;
  readonly options: ListOptions;
  /** Between bookmarks, ms. */
  readonly bookmarkEvery: number;
  /** A watch ends after this, ms. */
  readonly timeout: number;
  readonly write: (line: WatchLine) => void;
  /** Called once, when the watch ends by itself. */
  readonly end: () => void;
}

/**
 * A watch as the Kubernetes API has it: without a revision (or with 0) the present state first, else every
 * change since; a revision too old is an ERROR line with 410 and the end.
 */
export class ResourceWatch {
  readonly #context: WatchOptions;
  #watch: Watch | undefined;
  #bookmark: Timer | undefined;
  #deadline: Timer | undefined;
  #closed = false;

  constructor(context: WatchOptions) {
    this.#context = context;
  }

  async start(): Promise<void> {
    const { store, clock, info, options, timeout } = this.#context;
    try {
      const since = await this.#presentState();
      if (this.#closed) return;
      const scope = info.namespace === undefined ? { since } : { since, namespace: info.namespace };
      this.#watch = store.watch(info.kind, scope, (event) => this.#forward(event));
      this.#deadline = clock.after(timeout, () => this.#finish());
      if (options.bookmarks) this.#scheduleBookmark();
    } catch (error) {
      this.#fail(error);
    }
  }

  close(): void {
    this.#closed = true;
    this.#watch?.close();
    this.#bookmark?.cancel();
    this.#deadline?.cancel();
  }

  /** Writes what is there, when that is asked for; returns the revision from which changes count. */
  async #presentState(): Promise<string> {
    const { store, info, options, write } = this.#context;
    if (options.resourceVersion !== '' && options.resourceVersion !== '0') return options.resourceVersion;
    const { items, metadata } = await listPage(store, info, { ...options, limit: 0, resourceVersion: '' });
    if (!this.#closed) for (const object of items) write({ type: 'ADDED', object });
    return metadata.resourceVersion;
  }

  #forward(event: WatchEvent): void {
    const { options, write } = this.#context;
    if (event.type === 'BOOKMARK') {
      if (options.bookmarks) write(event);
      return;
    }
    const { resource, previous } = event;
    const was = previous !== undefined && isSelected(options, previous);
    const is = event.type !== 'DELETED' && isSelected(options, resource);
    if (is) write({ type: was ? 'MODIFIED' : 'ADDED', object: resource });
    else if (was) write({ type: 'DELETED', object: lastSelected(previous, resource) });
  }

  /** The store hands out changes as it commits them, so its newest revision is where this watch stands. */
  #scheduleBookmark(): void {
    const { clock, bookmarkEvery } = this.#context;
    this.#bookmark = clock.after(bookmarkEvery, () => {
      this.#writeBookmark();
      this.#scheduleBookmark();
    });
  }

  #writeBookmark(): void {
    this.#context.write({ type: 'BOOKMARK', resourceVersion: this.#context.store.revision() });
  }

  #finish(): void {
    if (this.#context.options.bookmarks) this.#writeBookmark();
    this.close();
    this.#context.end();
  }

  #fail(error: unknown): void {
    const status = statusOf(error);
    this.close();
    this.#context.write({ type: 'ERROR', status });
    this.#context.end();
  }
}

/** What stopped matching is deleted for this watcher: its last matching state, at the new revision. */
const lastSelected = (previous: Resource, { metadata: { resourceVersion } }: Resource): Resource => ({
  ...previous,
  metadata: { ...previous.metadata, ...(resourceVersion !== undefined && { resourceVersion }) },
});

function statusOf(error: unknown): Status {
  if (error instanceof ApiError) return error.status;
  if (error instanceof StoreError && error.code === 'expired') return expired(error.message).status;
  return internal(error instanceof Error ? error.message : String(error)).status;
}
