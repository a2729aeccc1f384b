import type { Resource, ResourceKind } from '@tulle/resources/kind';
import type { Store, Watch } from '../../store/store.ts';
import { keyOf, type Resources } from '../writer/resources.ts';

export interface NamespaceReaperOptions {
  readonly store: Store;
  readonly resources: Resources;
  readonly kinds: readonly ResourceKind[];
  readonly onError: (error: unknown) => void;
}

const namespaces = { group: '', plural: 'namespaces' };

/**
 * Empties namespaces whose deletion has begun, then removes them: Active → Terminating → gone. Contents
 * with finalizers hold their namespace until someone takes those away. Goes on after a restart.
 */
export function startNamespaceReaper(options: NamespaceReaperOptions): { close(): Promise<void> } {
  const { store, onError } = options;
  const reaping = new Map<string, Reaping>();

  const consider = ({ metadata }: Resource): void => {
    if (metadata.deletionTimestamp === undefined) return;
    const one =
      reaping.get(metadata.name) ?? new Reaping(metadata.name, options, () => reaping.delete(metadata.name));
    reaping.set(metadata.name, one);
    one.wake();
  };

  const watch = store.watch(namespaces, { since: store.revision() }, (event) => {
    if (event.type !== 'BOOKMARK' && event.type !== 'DELETED') consider(event.resource);
  });
  store.list(namespaces).then(({ items }) => items.forEach(consider), onError);
  return {
    close: async () => {
      watch.close();
      await Promise.all([...reaping.values()].map((one) => one.close()));
    },
  };
}

/** Idle → Working ⇄ Again → Idle; ends when the namespace is gone. */
class Reaping {
  readonly #name: string;
  readonly #options: NamespaceReaperOptions;
  readonly #kinds: readonly ResourceKind[];
  readonly #onGone: () => void;
  readonly #watches: Watch[];
  #again = false;
  #working: Promise<void> | undefined;
  #closed = false;

  constructor(name: string, options: NamespaceReaperOptions, onGone: () => void) {
    this.#name = name;
    this.#options = options;
    this.#onGone = onGone;
    this.#kinds = options.kinds.filter(({ namespaced }) => namespaced);
    const since = options.store.revision();
    this.#watches = this.#kinds.map((kind) =>
      options.store.watch(kind, { namespace: name, since }, () => this.wake()),
    );
  }

  wake(): void {
    this.#again = true;
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
      if (this.#again && !this.#closed) this.wake();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const watch of this.#watches) watch.close();
    await this.#working;
  }

  async #work(): Promise<void> {
    try {
      while (this.#again && !this.#closed) {
        this.#again = false;
        if ((await this.#empty()) > 0) continue;
        const key = { ...namespaces, namespace: '', name: this.#name };
        const namespace = await this.#options.store.get(key);
        if ((namespace?.metadata.finalizers?.length ?? 0) > 0) continue;
        await this.#options.resources.remove(key);
        // A create that had seen the namespace alive may have come in last.
        await this.#empty();
        this.#closed = true;
        for (const watch of this.#watches) watch.close();
        this.#onGone();
      }
    } catch (error) {
      this.#options.onError(error);
    }
  }

  /** Deletes what is in the namespace; returns how much of it stays for its finalizers. */
  async #empty(): Promise<number> {
    const { store, resources } = this.#options;
    const namespace = this.#name;
    const deletions = this.#kinds.map(async (kind) => {
      const { items } = await store.list(kind, { namespace });
      const deleted = await Promise.allSettled(items.map((item) => resources.delete(keyOf(kind, item))));
      return deleted.filter((result) => result.status === 'rejected' || !result.value.gone).length;
    });
    return (await Promise.all(deletions)).reduce((sum, count) => sum + count, 0);
  }
}
