import { isDeepStrictEqual } from 'node:util';
import type { Resource, ResourceKind } from '@tulle/resources/kind';
import { type Follow, followCollection } from '../follow.ts';
import type { Store } from '../store/store.ts';

/** The stored resources, in memory, always as the store has them. */
export interface Mirror {
  all(): Iterable<Resource>;
  of(kind: string): Iterable<Resource>;
  /** `namespace` is empty for cluster-scoped kinds. */
  get(kind: string, namespace: string, name: string): Resource | undefined;
  close(): void;
}

/**
 * Follows every given kind. `onChange` is called when something changed that configuration could depend
 * on: not for a status or a resourceVersion, so that writing a condition pushes nothing.
 */
export async function startMirror(options: {
  readonly store: Store;
  readonly kinds: readonly ResourceKind[];
  readonly onChange: (kind: string) => void;
  readonly onError: (error: unknown) => void;
}): Promise<Mirror> {
  const { store, kinds, onChange, onError } = options;
  const byKind = new Map<string, Map<string, Resource>>();
  const collections: Map<string, Resource>[] = [];
  let started = false;
  const follows: Follow[] = await Promise.all(
    kinds.map(({ group, plural, kind }) => {
      const resources = new Map<string, Resource>();
      collections.push(resources);
      byKind.set(kind, resources);
      return followCollection({
        store,
        collection: { group, plural },
        onChange(changes) {
          let meant = false;
          for (const { key, resource } of changes) {
            const before = resources.get(key);
            if (resource === undefined) resources.delete(key);
            else resources.set(key, resource);
            meant ||= !isDeepStrictEqual(meaningOf(before), meaningOf(resource));
          }
          if (meant && started) onChange(kind);
        },
        onError,
      });
    }),
  );
  started = true;
  return {
    *all() {
      for (const resources of collections) yield* resources.values();
    },
    of: (kind) => byKind.get(kind)?.values() ?? [],
    get: (kind, namespace, name) => byKind.get(kind)?.get(`${namespace}/${name}`),
    close() {
      for (const follow of follows) follow.close();
    },
  };
}

function meaningOf(resource: Resource | undefined): unknown {
  if (resource === undefined) return undefined;
  const { status, metadata, ...content } = resource;
  const { resourceVersion, managedFields, ...identity } = metadata;
  return { ...content, metadata: identity };
}
