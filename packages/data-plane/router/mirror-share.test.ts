import { Agent } from 'node:http';
import { seeded } from '@tulle/decision/balance/balancing.fixture';
import { expect, it } from 'vitest';
import { backend } from '../testing/backend.ts';
import { ask } from '../testing/client.ts';
import { portOf, startEngine } from '../testing/engine.ts';
import {
  cluster,
  endpoint,
  forward,
  host,
  httpChain,
  listener,
  manager,
  route,
  routeTable,
  tables,
} from '../testing/tables.ts';

it('mirrors and weights take their shares of the same requests', async () => {
  const requests = 600;
  const counts: Record<string, number> = { a: 0, b: 0, m: 0, n: 0 };
  const backends = await Promise.all(
    Object.keys(counts).map((name) =>
      backend((request, response) => {
        counts[name] = (counts[name] as number) + 1;
        request.resume();
        response.end();
      }),
    ),
  );
  const action = forward(
    { a: 3, b: 1 },
    {
      mirrors: [
        { cluster: 'm', fraction: 300_000 },
        { cluster: 'n', fraction: 50_000 },
      ],
    },
  );
  const engine = await startEngine(
    tables({
      listeners: [listener('l', [httpChain(manager(routeTable([host([route(action)])])))])],
      clusters: Object.keys(counts).map((name, i) => cluster(name, [endpoint(backends[i]?.port ?? 0)])),
    }),
    { random: seeded(20) },
  );
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let i = 0; i < requests; i++) await ask(portOf(engine, 'l'), { agent });
  await expect
    .poll(() =>
      [...engine.clusters.clusters].every(({ endpoints }) => endpoints.every(({ active }) => active === 0)),
    )
    .toBe(true);
  agent.destroy();
  await engine.destroy();
  for (const each of backends) await each.close();
  // n·p ± 4.9·√(n·p·(1−p)): left by one seed in a million.
  const bound = (p: number): number => 4.9 * Math.sqrt(requests * p * (1 - p));
  for (const [name, p] of [
    ['a', 0.75],
    ['b', 0.25],
    ['m', 0.3],
    ['n', 0.05],
  ] as const)
    expect(Math.abs((counts[name] as number) - requests * p), name).toBeLessThanOrEqual(bound(p));
});
