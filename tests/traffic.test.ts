/** The table of `traffic/` against our own proxies: sidecars and a gateway in this process. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runScenario } from './traffic/run.ts';
import { scenarios } from './traffic/table.ts';
import { startWorld, type World } from './traffic/world.ts';

describe('traffic management, by Tulle', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld('tulle', scenarios);
  }, 60_000);
  afterAll(() => world?.close());

  test('no proxy refuses anything, and the control plane has nothing to complain of', async () => {
    for (const { metadata, types } of await world.proxies())
      for (const { nack } of Object.values(types)) expect(nack, metadata.name).toBeUndefined();
    expect(world.complaints).toEqual([]);
  });

  test.concurrent.each(scenarios.map((row) => [row.title, row] as const))('%s', (_, row) =>
    runScenario(row, world),
  );
});
