import type { HealthCheck } from '@tulle/decision/tables/health-check';
import { expect, it } from 'vitest';
import { backend } from '../testing/backend.ts';
import { cleanupAfterEach } from '../testing/cleanup.ts';
import { freePort } from '../testing/free-port.ts';
import { type Client, openClient, startWorkers } from '../testing/workers.ts';

const cleanUps = cleanupAfterEach();

const ms = 50;
const healthCheck: HealthCheck = {
  // One who is stopped for a while is not to take its connection for dead.
  timeoutMs: 60_000,
  intervals: {
    healthyMs: ms,
    unhealthyEdgeMs: ms,
    unhealthyMs: ms,
    healthyEdgeMs: ms,
    noTrafficMs: ms,
    noTrafficHealthyMs: ms,
    jitterMs: 0,
    jitterPercent: 0,
    initialJitterMs: 0,
  },
  unhealthyThreshold: 1,
  healthyThreshold: 1,
  reuseConnection: true,
  check: {
    kind: 'http',
    http2: false,
    method: 'GET',
    host: '',
    path: '/healthz',
    headers: [],
    removedHeaders: [],
    expected: [{ start: 200, end: 201 }],
    retriable: [],
    receive: [],
    bodyLimit: 0,
  },
};

it('one worker asks, all act on the answer', async () => {
  let status = 200;
  const askers = new Set<number | undefined>();
  const app = await backend((request, response) => {
    if (request.url !== '/healthz') response.writeHead(200, { 'content-length': 6 }).end('served');
    else {
      askers.add(request.socket.remotePort);
      response.writeHead(status).end();
    }
  });
  cleanUps.push(app.close);
  const http = await freePort();
  const { byOnly, close } = await startWorkers({ http, backends: [app.port], healthCheck });
  cleanUps.push(close);
  const clients: Client[] = [];
  for (const slot of [0, 1]) {
    await byOnly(slot, async () => {
      const client = await openClient(http);
      cleanUps.push(client.close);
      expect((await client.get('/who')).body).toBe(`0.${slot}`);
      clients.push(client);
    });
  }
  const all = (): Promise<number[]> =>
    Promise.all(clients.map(async (client) => (await client.get('/')).status));
  const turnsTo = (wanted: number) => expect.poll(all, { interval: 20 }).toEqual([wanted, wanted]);
  await turnsTo(200);
  status = 500;
  await turnsTo(503);
  status = 200;
  await turnsTo(200);
  expect(askers.size).toBe(1);
});
