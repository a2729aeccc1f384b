import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { backend } from '../testing/backend.ts';
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

const cleanup = cleanupAfterEach();

/** An application that answers when told, behind the breakers that a ConcurrencyLimit becomes. */
async function serve(limits: { connections: number; pending: number; requests: number }) {
  const held: ServerResponse[] = [];
  let arrived: () => void = () => {};
  const app = await backend((_request, response) => {
    held.push(response);
    arrived();
  });
  cleanup.push(() => app.close());
  const breakers = { ...limits, retries: 1024 };
  const engine = await startEngine(
    tables({
      listeners: [listener('l', [httpChain(manager(routeTable([host([route(forward('a'))])])))])],
      clusters: [cluster('a', [endpoint(app.port)], { breakers: { default: breakers, high: breakers } })],
    }),
  );
  cleanup.push(() => engine.destroy());
  return {
    request: () => ask(portOf(engine, 'l')),
    /** Resolves when so many wait for their answer. */
    holding: (count: number) =>
      new Promise<void>((resolve) => {
        arrived = () => held.length >= count && resolve();
        arrived();
      }),
    answer: () => held.shift()?.end('done'),
    held: () => held.length,
  };
}

const unlimited = 2 ** 32 - 1;

test('what is above the limit is refused at once, and told so', async () => {
  const { request, holding, answer } = await serve({
    connections: unlimited,
    pending: unlimited,
    requests: 2,
  });
  const running = [request(), request()];
  await holding(2);
  expect(await request()).toMatchObject({ status: 503, headers: { 'x-envoy-overloaded': 'true' } });
  answer();
  answer();
  for (const one of running) expect((await one).status).toBe(200);
});

test('a queue holds as many as it may, and no more run than may', async () => {
  const { request, holding, answer, held } = await serve({ connections: 2, pending: 3, requests: 3 });
  const running = [request(), request()];
  await holding(2);
  // Whichever comes first waits; the other finds the queue full.
  const more = [request(), request()];
  expect(await Promise.race(more)).toMatchObject({ status: 503, headers: { 'x-envoy-overloaded': 'true' } });
  expect(held()).toBe(2);
  answer();
  await holding(2);
  answer();
  answer();
  for (const one of running) expect((await one).body).toBe('done');
  expect((await Promise.all(more)).map(({ status }) => status).sort()).toEqual([200, 503]);
});
