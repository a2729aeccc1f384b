import type { Resource } from '@tulle/resources/kind';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Change, followCollection } from './follow.ts';
import { openSqliteStore } from './store/sqlite.ts';
import { type Store, StoreError } from './store/store.ts';

const collection = { group: '', plural: 'configmaps' };
const key = (name: string) => ({ ...collection, namespace: 'default', name });
const resource = (name: string, value = 1): Resource => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data: { value: String(value) },
});

let store: Store;
beforeEach(() => {
  store = openSqliteStore(':memory:', { keepChanges: 3 });
});
afterEach(() => store.close());

async function follow(over: Store = store) {
  const seen: Change[] = [];
  const state = new Map<string, Resource>();
  const following = await followCollection({
    store: over,
    collection,
    onChange(changes) {
      seen.push(...changes);
      for (const change of changes) {
        if (change.resource === undefined) state.delete(change.key);
        else state.set(change.key, change.resource);
      }
    },
    onError: (error) => {
      throw error;
    },
  });
  return { seen, state, following };
}

describe('following a collection', () => {
  it('gives what is there first, then each change', async () => {
    await store.create(key('a'), resource('a'));
    const { seen, state, following } = await follow();
    expect([...state.keys()]).toEqual(['default/a']);
    const b = await store.create(key('b'), resource('b'));
    await store.update(key('b'), resource('b', 2), b.metadata.resourceVersion ?? '');
    await store.delete(key('a'));
    expect(seen.map((change) => [change.key, change.resource !== undefined])).toEqual([
      ['default/a', true],
      ['default/b', true],
      ['default/b', true],
      ['default/a', false],
    ]);
    following.close();
    await store.create(key('c'), resource('c'));
    expect([...state.keys()]).toEqual(['default/b']);
  });

  it('lists anew when history is lost between list and watch, and misses nothing', async () => {
    await store.create(key('a'), resource('a'));
    await store.create(key('b'), resource('b'));
    let lost = false;
    // The first watch finds that history no longer reaches back to the list.
    const forgetful: Store = Object.create(store, {
      watch: {
        value: (...args: Parameters<Store['watch']>) => {
          if (lost) return store.watch(...args);
          lost = true;
          throw new StoreError('expired', 'too old');
        },
      },
      list: { value: store.list.bind(store) },
    });
    const { state, following } = await follow(forgetful);
    await store.delete(key('a'));
    await expect.poll(() => [...state.keys()]).toEqual(['default/b']);
    await store.create(key('c'), resource('c'));
    await expect.poll(() => [...state.keys()]).toEqual(['default/b', 'default/c']);
    following.close();
  });
});
