import { setTimeout as pause } from 'node:timers/promises';
import type { Resource } from '@tulle/resources/kind';
import { isApiError } from './api-error.ts';
import type { ApiClient, KindAddress } from './client.ts';

const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 2000;

/** What the API holds of one kind, kept up to date by list and watch; retries for as long as it lives. */
export interface Informer {
  /** By `namespace/name`. */
  readonly items: ReadonlyMap<string, Resource>;
  /** True after the first complete list. */
  readonly synced: boolean;
  /** Resolves after the first complete list. */
  readonly ready: Promise<void>;
  close(): void;
}

function keyOf(resource: Resource): string {
  return `${resource.metadata.namespace ?? ''}/${resource.metadata.name}`;
}

/**
 * @param onChange called after the first list, after every change and after a new list that differs
 * @param onError called when the API can't be reached, before it is tried again
 */
export function startInformer(
  client: ApiClient,
  kind: KindAddress,
  onChange: () => void,
  options: {
    readonly namespace?: string;
    readonly labelSelector?: string;
    readonly onError?: (error: unknown) => void;
  } = {},
): Informer {
  const { onError = () => {}, ...selection } = options;
  const controller = new AbortController();
  const { signal } = controller;
  const items = new Map<string, Resource>();
  const { promise: ready, resolve: becomeReady } = Promise.withResolvers<void>();
  let synced = false;
  let failures = 0;

  const follow = async (): Promise<void> => {
    const list = await client.list(kind, selection);
    if (signal.aborted) return;
    items.clear();
    for (const item of list.items) items.set(keyOf(item), item);
    synced = true;
    failures = 0;
    onChange();
    becomeReady();
    let resourceVersion = list.resourceVersion;
    // The server ends a watch when it likes; then it goes on from the last version seen.
    while (!signal.aborted) {
      const before = Date.now();
      for await (const { type, object } of client.watch(kind, { ...selection, resourceVersion, signal })) {
        resourceVersion = object.metadata.resourceVersion ?? resourceVersion;
        if (type === 'BOOKMARK') continue;
        if (type === 'DELETED') items.delete(keyOf(object));
        else items.set(keyOf(object), object);
        onChange();
      }
      if (Date.now() - before < 1000) await pause(200, undefined, { signal });
    }
  };

  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        await follow();
      } catch (error) {
        if (signal.aborted) return;
        if (!isApiError(error, 410)) onError(error);
        const wait = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures++);
        await pause(wait, undefined, { signal }).catch(() => {});
      }
    }
  };
  void run();

  return {
    items,
    ready,
    get synced() {
      return synced;
    },
    close: () => controller.abort(),
  };
}
