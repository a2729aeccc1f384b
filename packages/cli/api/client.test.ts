import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { freePort } from '@tulle/data-plane/testing/free-port';
import { afterEach, expect, test } from 'vitest';
import { createApiClient } from './client.ts';
import { patientFetch } from './patient-fetch.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** An API that answers everything, on a port of its own or a given one. */
async function serve(
  port = 0,
): Promise<{ readonly server: Server; readonly url: string; readonly seen: string[] }> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(request.method ?? '');
    request.resume().on('end', () => response.end('{}'));
  }).listen(port, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return { server, seen, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

test('a connection serves one request: none is written to one that the server has closed meanwhile', async () => {
  const { server, url } = await serve();
  let connections = 0;
  server.on('connection', () => connections++);
  const client = createApiClient({ url, token: 'secret' });
  for (const method of ['GET', 'POST', 'PATCH'])
    await client.request(method, '/', method === 'GET' ? undefined : {});
  expect(connections).toBe(3);
});

test('a request waits for an API that is started again; what broke on the way is not repeated', async () => {
  const port = await freePort();
  const first = await serve(port);
  first.server.close();
  await once(first.server, 'close');
  let refused = 0;
  const counting: typeof fetch = (input, init) =>
    fetch(input, init).catch((error: unknown) => {
      refused++;
      throw error;
    });
  const client = createApiClient({ url: first.url, token: 'secret', fetch: patientFetch(counting, 60_000) });
  const answer = client.request('POST', '/', {});
  await expect.poll(() => refused).toBeGreaterThan(1);
  const second = await serve(port);
  await answer;
  expect(second.seen).toEqual(['POST']);

  second.server.removeAllListeners('request');
  second.server.on('request', (request) => request.socket.destroy());
  refused = 0;
  await expect(client.request('POST', '/', {})).rejects.toThrow('fetch failed');
  expect(refused).toBe(1);
});

test('a request to an API that does not come back fails after a while, or when it is given up', async () => {
  const { server, url } = await serve();
  server.close();
  await once(server, 'close');
  const client = createApiClient({ url, token: 'secret', fetch: patientFetch(fetch, 100) });
  await expect(client.request('POST', '/', {})).rejects.toThrow('fetch failed');
  const patient = createApiClient({ url, token: 'secret', fetch: patientFetch(fetch, 60_000) });
  const given = new AbortController();
  const asked = patient.request('POST', '/', {}, given.signal);
  given.abort();
  await expect(asked).rejects.toThrow('abort');
});
