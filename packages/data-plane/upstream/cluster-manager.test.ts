import { afterEach, expect, test } from 'vitest';
import { startEngine } from '../testing/engine.ts';
import { cluster, endpoint, tables } from '../testing/tables.ts';

const cleanup: (() => void)[] = [];
afterEach(() => {
  for (const step of cleanup.splice(0)) step();
});

/** An engine with clusters of one endpoint each, and some that begin before they are asked for. */
async function engineOf(names: readonly string[], eager: readonly ReturnType<typeof cluster>[] = []) {
  const of = (all: readonly string[]) =>
    tables({ clusters: [...all.map((name) => cluster(name, [endpoint(1)])), ...eager] });
  const engine = await startEngine(of(names));
  cleanup.push(() => engine.destroy());
  const { clusters } = engine;
  return {
    clusters,
    inUse: () => Array.from(clusters.clusters, ({ config }) => config.name),
    all: () => Array.from(clusters.all(), ({ config, endpoints }) => [config.name, endpoints.length]),
    change: (all: readonly string[]) => engine.apply(of(all)),
  };
}

test('a cluster has a state from its first request on; who looks sees all of them', async () => {
  const { clusters, inUse, all } = await engineOf(['a', 'b']);
  expect(inUse()).toEqual([]);
  expect(all()).toEqual([
    ['a', 1],
    ['b', 1],
  ]);
  expect(inUse()).toEqual([]);
  const state = clusters.get('b');
  expect(state?.endpoints).toHaveLength(1);
  expect(clusters.get('b')).toBe(state);
  expect(inUse()).toEqual(['b']);
  expect(clusters.get('c')).toBeUndefined();
});

test('new tables keep the states that there are, and make none', async () => {
  const { clusters, inUse, all, change } = await engineOf(['a', 'b']);
  const state = clusters.get('a');
  await change(['c', 'a']);
  expect(inUse()).toEqual(['a']);
  expect(clusters.get('a')).toBe(state);
  expect(all().map(([name]) => name)).toEqual(['c', 'a']);
  await change(['c']);
  expect(inUse()).toEqual([]);
  expect(clusters.get('a')).toBeUndefined();
});

test('what has something to do before the first request begins at once', async () => {
  const { inUse } = await engineOf(
    ['a'],
    [
      cluster('names', [], { discovery: { kind: 'strict-dns', endpoints: [] } }),
      cluster('warming', [], {
        balancer: { kind: 'round-robin', warmUp: { windowMs: 1_000, aggression: 1, minimumPercent: 10 } },
      }),
    ],
  );
  expect(inUse()).toEqual(['names', 'warming']);
});
