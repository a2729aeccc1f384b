/** The table of `../traffic/` against real Envoys: sidecars and gateway of the same mesh, from the same resources. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runScenario } from '../traffic/run.ts';
import { scenarios } from '../traffic/table.ts';
import { startWorld, type World } from '../traffic/world.ts';
import { describeWithPeers } from './peer.ts';

describeWithPeers('traffic management, by Envoy', ['envoy'], () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld('envoy', scenarios);
  }, 180_000);
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
