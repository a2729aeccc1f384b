import { Agent } from 'node:http';
import { expect, it } from 'vitest';
import type { Engine } from '../engine.ts';
import { named } from '../testing/backend.ts';
import { cleanupAfterEach } from '../testing/cleanup.ts';
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
import { VirtualClock } from '../timers/virtual-clock.fixture.ts';
import { TimerWheel } from '../timers/wheel.ts';

const cleanUps = cleanupAfterEach();

it('a name moves: what is open stays, what is new goes where the name leads now', async () => {
  const app = await named('app');
  cleanUps.push(app.close);
  const remotes: string[] = [];
  app.server.on('connection', ({ localAddress }) => remotes.push(localAddress ?? ''));
  app.server.close();
  await new Promise<void>((resolve) => app.server.listen(app.port, '0.0.0.0', resolve));
  let address = '127.0.0.1';
  const clock = new VirtualClock();
  const engine: Engine = await startEngine(
    tables({
      clusters: [
        cluster('a', [], {
          idleTimeoutMs: 0,
          discovery: { kind: 'logical-dns', endpoints: [endpoint(app.port, { address: 'app.test' })] },
        }),
      ],
      listeners: [
        listener('l', [httpChain(manager(routeTable([host([route(forward('a'))])]), { idleTimeoutMs: 0 }))]),
      ],
    }),
    {
      wheel: new TimerWheel({ clock }),
      resolve: (_, callback) => callback(undefined, [{ address, family: 4 }]),
    },
  );
  cleanUps.push(() => engine.destroy());
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  cleanUps.push(() => agent.destroy());
  const get = async (): Promise<number> => (await ask(portOf(engine, 'l'), { agent })).status;
  expect(await get()).toBe(200);
  address = '127.0.0.2';
  clock.advance(120_000);
  expect(await get()).toBe(200);
  expect(remotes).toEqual(['127.0.0.1']);
  app.server.closeAllConnections();
  expect(await get()).toBe(200);
  expect(remotes).toEqual(['127.0.0.1', '127.0.0.2']);
  expect(engine.clusters.get('a')?.endpoints.map(({ key }) => key)).toEqual([`app.test:${app.port}`]);
});
