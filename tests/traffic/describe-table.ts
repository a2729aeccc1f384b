/** The table as tests of one engine: a mesh for all rows, and a second one with settings of its own. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { meshSettings, settings } from './rows/settings.ts';
import { runScenario } from './run.ts';
import type { Engine, Scenario } from './scenario.ts';
import { scenarios } from './table.ts';
import { startWorld, type World } from './world.ts';

export function describeTable(engine: Engine): void {
  describeRows('as it is', engine, scenarios, {});
  describeRows('with settings', engine, settings, meshSettings);
}

function describeRows(mesh: string, engine: Engine, rows: readonly Scenario[], settings: object): void {
  describe(`a mesh ${mesh}`, () => {
    let world: World;
    beforeAll(async () => {
      world = await startWorld(engine, rows, settings);
    });
    afterAll(() => world?.close());

    test('no proxy refuses anything, and the control plane has nothing to complain of', async () => {
      for (const { metadata, types } of await world.proxies())
        for (const { nack } of Object.values(types)) expect(nack, metadata.name).toBeUndefined();
      expect(world.complaints).toEqual([]);
    });

    test.concurrent.each(rows.map((row) => [row.title, row] as const))('%s', (_, row) =>
      runScenario(row, world),
    );
  });
}
