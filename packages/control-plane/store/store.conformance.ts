import type { Resource } from '@tulle/resources/kind';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Key, Store, WatchEvent } from './store.ts';

/** How the suite gets a store: a fresh, empty one that keeps at least the last `keepChanges` changes. */
export interface ConformanceSubject {
  open(keepChanges: number): Promise<Store>;
  /** The same stored data again, after `close`; absent for a store that can't. */
  reopen?(): Promise<Store>;
}

const roads = { group: 'maps.example', plural: 'roads' };
const key = (name: string, namespace = 'a'): Key => ({ ...roads, namespace, name });
const road = (name: string, spec: unknown = {}, namespace = 'a'): Resource => ({
  apiVersion: 'maps.example/v1',
  kind: 'Road',
  metadata: { name, namespace },
  spec,
});
const versionOf = (resource: Resource): string => resource.metadata.resourceVersion ?? '';
const names = (items: readonly Resource[]): string[] => items.map(({ metadata }) => metadata.name);

/** What every store must do. */
export function storeConformance(name: string, subject: () => ConformanceSubject): void {
  describe(`${name} is a store`, () => {
    let store: Store;
    let at: ConformanceSubject;

    beforeEach(async () => {
      at = subject();
      store = await at.open(100);
    });
    afterEach(() => store.close());

    /** Collects events; `until(n)` resolves when there are n. */
    function collect(since: string, namespace?: string) {
      const events: WatchEvent[] = [];
      let wake = (): void => {};
      const watch = store.watch(
        roads,
        namespace === undefined ? { since } : { since, namespace },
        (event) => {
          events.push(event);
          wake();
        },
      );
      const until = async (count: number): Promise<WatchEvent[]> => {
        while (events.length < count) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        return events;
      };
      return { events, until, close: () => watch.close() };
    }

    const told = (events: readonly WatchEvent[]): string[] =>
      events.map((event) =>
        event.type === 'BOOKMARK' ? 'BOOKMARK' : `${event.type} ${event.resource.metadata.name}`,
      );

    test('gives back what was created, stamped with a growing decimal version', async () => {
      const first = await store.create(key('x'), road('x', { lanes: 2 }));
      const second = await store.create(key('y'), road('y'));
      expect(versionOf(first)).toMatch(/^[1-9]\d*$/);
      expect(Number(versionOf(second))).toBeGreaterThan(Number(versionOf(first)));
      expect(await store.get(key('x'))).toEqual(first);
      expect(first.spec).toEqual({ lanes: 2 });
      expect(store.revision()).toBe(versionOf(second));
    });

    test('starts at a revision above 0 and answers an empty list with it', async () => {
      expect(Number(store.revision())).toBeGreaterThan(0);
      expect(await store.list(roads)).toEqual({ items: [], resourceVersion: store.revision() });
      expect(await store.get(key('x'))).toBeUndefined();
    });

    test('does not keep what callers do to objects afterwards', async () => {
      const written = road('x', { lanes: 2 });
      const stored = await store.create(key('x'), written);
      (written.spec as { lanes: number }).lanes = 9;
      Object.assign((await store.get(key('x'))) ?? {}, { spec: 'changed' });
      expect((await store.get(key('x')))?.spec).toEqual({ lanes: 2 });
      expect(stored.metadata).not.toBe(written.metadata);
    });

    test('refuses a second create, and an update or delete of what is not there', async () => {
      await store.create(key('x'), road('x'));
      await expect(store.create(key('x'), road('x'))).rejects.toMatchObject({ code: 'already-exists' });
      await expect(store.update(key('y'), road('y'), '1')).rejects.toMatchObject({ code: 'not-found' });
      await expect(store.delete(key('y'))).rejects.toMatchObject({ code: 'not-found' });
    });

    test('lets exactly one of many updates of the same version through', async () => {
      const { metadata } = await store.create(key('x'), road('x'));
      const expected = metadata.resourceVersion ?? '';
      const tries = await Promise.allSettled(
        Array.from({ length: 20 }, (_, lanes) => store.update(key('x'), road('x', { lanes }), expected)),
      );
      expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const refused = tries.filter((result) => result.status === 'rejected');
      expect(new Set(refused.map(({ reason }) => (reason as { code: string }).code))).toEqual(
        new Set(['conflict']),
      );
    });

    test('a refused write changes nothing, not even the revision', async () => {
      await store.create(key('x'), road('x'));
      const before = store.revision();
      await expect(store.update(key('x'), road('x'), '999999')).rejects.toMatchObject({ code: 'conflict' });
      await expect(store.delete(key('x'), '999999')).rejects.toMatchObject({ code: 'conflict' });
      expect(store.revision()).toBe(before);
    });

    test('deletes, and answers the last state with the revision of the deletion', async () => {
      const created = await store.create(key('x'), road('x', { lanes: 3 }));
      const deleted = await store.delete(key('x'), versionOf(created));
      expect(deleted.spec).toEqual({ lanes: 3 });
      expect(versionOf(deleted)).toBe(store.revision());
      expect(await store.get(key('x'))).toBeUndefined();
      expect(versionOf(await store.create(key('x'), road('x')))).toBe(store.revision());
    });

    test('lists one collection, one namespace or all, in byte order', async () => {
      for (const [name, namespace] of [
        ['b', 'b'],
        ['a', 'b'],
        ['Z', 'a'],
        ['é', 'a'],
        ['b', 'a'],
      ] as const)
        await store.create(key(name, namespace), road(name, {}, namespace));
      await store.create({ group: '', plural: 'roads', namespace: 'a', name: 'other' }, road('other'));
      expect(names((await store.list(roads)).items)).toEqual(['Z', 'b', 'é', 'a', 'b']);
      expect(names((await store.list(roads, { namespace: 'b' })).items)).toEqual(['a', 'b']);
      expect(names((await store.list(roads, { namespace: 'none' })).items)).toEqual([]);
    });

    test('pages show the state at the first page, whatever is written between them', async () => {
      for (const name of ['a', 'b', 'c', 'd', 'e'])
        await store.create(key(name), road(name, { at: 'start' }));
      const first = await store.list(roads, { limit: 2 });
      expect(first.remaining).toBe(3);
      await store.delete(key('c'));
      const d = await store.get(key('d'));
      const d2 = await store.update(key('d'), road('d', { at: 'later' }), versionOf(d as Resource));
      await store.update(key('d'), road('d', { at: 'latest' }), versionOf(d2));
      await store.create(key('cc'), road('cc'));
      await store.create(key('c'), road('c', { at: 'again' }));
      const second = await store.list(roads, { limit: 2, continue: first.continue ?? '' });
      const third = await store.list(roads, { limit: 2, continue: second.continue ?? '' });
      const shown = [...first.items, ...second.items, ...third.items];
      expect(names(shown)).toEqual(['a', 'b', 'c', 'd', 'e']);
      expect(shown.map(({ spec }) => spec)).toEqual(Array(5).fill({ at: 'start' }));
      expect(third.continue).toBeUndefined();
      expect([second.resourceVersion, third.resourceVersion]).toEqual(Array(2).fill(first.resourceVersion));
    });

    test('shows a past revision', async () => {
      await store.create(key('a'), road('a'));
      const past = store.revision();
      await store.create(key('b'), road('b'));
      await store.delete(key('a'));
      expect(names((await store.list(roads, { at: past })).items)).toEqual(['a']);
      await expect(store.list(roads, { at: '999999' })).rejects.toMatchObject({ code: 'malformed' });
    });

    test('refuses a continue token that is not its own', async () => {
      await expect(store.list(roads, { limit: 1, continue: 'nonsense' })).rejects.toMatchObject({
        code: 'malformed',
      });
    });

    test('watches: the changes since a revision, then each one, in order, each once', async () => {
      const since = store.revision();
      const a = await store.create(key('a'), road('a'));
      const seen = collect(since);
      expect(seen.events).toEqual([]);
      const b = await store.update(key('a'), road('a', { lanes: 2 }), versionOf(a));
      await Promise.all([store.delete(key('a'), versionOf(b)), store.create(key('c'), road('c'))]);
      await seen.until(4);
      expect(told(seen.events)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a', 'ADDED c']);
      const versions = seen.events.map((event) =>
        event.type === 'BOOKMARK' ? 0 : Number(versionOf(event.resource)),
      );
      expect(versions).toEqual(versions.toSorted((x, y) => x - y));
      expect(seen.events[1]).toMatchObject({ previous: { spec: {} }, resource: { spec: { lanes: 2 } } });
      expect(seen.events[0]).not.toHaveProperty('previous');
      seen.close();
    });

    test('a watch sees its namespace and collection only, and nothing after close', async () => {
      const seen = collect(store.revision(), 'b');
      await store.create(key('x', 'a'), road('x', {}, 'a'));
      await store.create({ group: '', plural: 'roads', namespace: 'b', name: 'other' }, road('other'));
      await store.create(key('x', 'b'), road('x', {}, 'b'));
      await seen.until(1);
      seen.close();
      await store.create(key('y', 'b'), road('y', {}, 'b'));
      expect(told(seen.events)).toEqual(['ADDED x']);
    });

    test('a watch opened inside a callback gets no change twice', async () => {
      const inner: string[] = [];
      const outer = store.watch(roads, { since: store.revision() }, (event) => {
        if (event.type !== 'ADDED' || event.resource.metadata.name !== 'a') return;
        store.watch(roads, { since: versionOf(event.resource) }, (later) => inner.push(...told([later])));
      });
      await Promise.all(['a', 'b', 'c'].map((name) => store.create(key(name), road(name))));
      await store.create(key('d'), road('d'));
      expect(inner).toEqual(['ADDED b', 'ADDED c', 'ADDED d']);
      outer.close();
    });

    test('history is bounded: older watches, pages and revisions are expired', async () => {
      await store.close();
      at = subject();
      store = await at.open(8);
      for (const name of ['a', 'b', 'c']) await store.create(key(name), road(name));
      const old = store.revision();
      const page = await store.list(roads, { limit: 1 });
      for (let i = 0; i < 40; i++) await store.create(key(`n${i}`), road(`n${i}`));
      expect(() => store.watch(roads, { since: old }, () => {})).toThrow(
        expect.objectContaining({ code: 'expired' }),
      );
      const more = { limit: 1, continue: page.continue ?? '' };
      await expect(store.list(roads, more)).rejects.toMatchObject({ code: 'expired' });
      await expect(store.list(roads, { at: old })).rejects.toMatchObject({ code: 'expired' });
      const recent = String(Number(store.revision()) - 8);
      const seen = collect(recent);
      expect(await seen.until(8)).toHaveLength(8);
      seen.close();
    });

    test('a revision that it never had is expired for a watch', () => {
      expect(() => store.watch(roads, { since: '999999' }, () => {})).toThrow(
        expect.objectContaining({ code: 'expired' }),
      );
    });

    test('after close everything is refused as unavailable', async () => {
      await store.close();
      await expect(store.get(key('x'))).rejects.toMatchObject({ code: 'unavailable' });
      await expect(store.create(key('x'), road('x'))).rejects.toMatchObject({ code: 'unavailable' });
    });

    test('keeps resources, revision and history over a restart', async () => {
      if (at.reopen === undefined) return;
      const since = store.revision();
      const created = await store.create(key('x'), road('x'));
      await store.create(key('y'), road('y'));
      const last = await store.delete(key('y'));
      const page = await store.list(roads, { limit: 1, at: String(Number(store.revision()) - 1) });
      await store.close();
      store = await at.reopen();
      expect(await store.get(key('x'))).toEqual(created);
      expect(store.revision()).toBe(versionOf(last));
      expect(names((await store.list(roads, { limit: 1, continue: page.continue ?? '' })).items)).toEqual([
        'y',
      ]);
      const seen = collect(since);
      expect(told(await seen.until(3))).toEqual(['ADDED x', 'ADDED y', 'DELETED y']);
      seen.close();
    });
  });
}
