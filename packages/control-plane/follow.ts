import type { Resource } from '@tulle/resources/kind';
import { type Collection, type Store, StoreError, type Watch } from './store/store.ts';

/** One resource that changed; `resource` is undefined when it is gone. */
export interface Change {
  /** `namespace/name`; `/name` for cluster-scoped kinds. */
  readonly key: string;
  readonly resource: Resource | undefined;
}

export interface Follow {
  close(): void;
}

/**
 * Lists a collection and then watches it: `onChange` is first given everything that is there (before this
 * resolves), later each change. When history is lost it lists anew and tells the difference, removals
 * included.
 */
export async function followCollection(options: {
  readonly store: Store;
  readonly collection: Collection;
  readonly onChange: (changes: readonly Change[]) => void;
  readonly onError: (error: unknown) => void;
}): Promise<Follow> {
  const { store, collection, onChange, onError } = options;
  const versions = new Map<string, string>();
  let watch: Watch | undefined;
  let closed = false;

  async function list(): Promise<void> {
    const { items, resourceVersion } = await store.list(collection);
    if (closed) return;
    const present = new Set(items.map(keyOf));
    const changes: Change[] = items
      .filter((resource) => versions.get(keyOf(resource)) !== resource.metadata.resourceVersion)
      .map((resource) => ({ key: keyOf(resource), resource }));
    for (const key of versions.keys()) if (!present.has(key)) changes.push({ key, resource: undefined });
    deliver(changes);
    try {
      watch = store.watch(collection, { since: resourceVersion }, (event) => {
        if (event.type === 'BOOKMARK' || closed) return;
        const resource = event.type === 'DELETED' ? undefined : event.resource;
        deliver([{ key: keyOf(event.resource), resource }]);
      });
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'expired') throw error;
      queueMicrotask(() => list().catch(onError));
    }
  }

  function deliver(changes: readonly Change[]): void {
    if (changes.length === 0) return;
    for (const { key, resource } of changes) {
      if (resource === undefined) versions.delete(key);
      else versions.set(key, resource.metadata.resourceVersion ?? '');
    }
    onChange(changes);
  }

  await list();
  return {
    close() {
      closed = true;
      watch?.close();
    },
  };
}

function keyOf({ metadata }: Resource): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}
