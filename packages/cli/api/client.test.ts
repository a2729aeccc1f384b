import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { createApiClient } from './client.ts';
import { explainApiFailure } from './connect.ts';
import { patientFetch } from './patient-fetch.ts';

const servers: Server[] = [];
afterEach(() => {
  vi.useRealTimers();
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
  const first = await serve();
  const { port } = first.server.address() as AddressInfo;
  first.server.close();
  await once(first.server, 'close');
  let refused = 0;
  const counting: typeof fetch = (input, init) =>
    fetch(input, init).catch((error: unknown) => {
      refused++;
      throw error;
    });
  const client = createApiClient({
    url: first.url,
    token: 'secret',
    fetch: patientFetch(counting, { refusedMs: 60_000, answerMs: 60_000 }),
  });
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
  const client = createApiClient({
    url,
    token: 'secret',
    fetch: patientFetch(fetch, { refusedMs: 100, answerMs: 60_000 }),
  });
  await expect(client.request('POST', '/', {})).rejects.toThrow('fetch failed');
  const patient = createApiClient({
    url,
    token: 'secret',
    fetch: patientFetch(fetch, { refusedMs: 60_000, answerMs: 60_000 }),
  });
  const given = new AbortController();
  const asked = patient.request('POST', '/', {}, given.signal);
  given.abort();
  await expect(asked).rejects.toThrow('abort');
});

test('an API that hangs is not waited for without end; an answer that has begun is', async () => {
  vi.useFakeTimers();
  const answerMs = 20_000;
  let given: AbortSignal | null | undefined;
  const hangs: typeof fetch = (_, init) => {
    given = init?.signal;
    return new Promise((_resolve, reject) =>
      given?.addEventListener('abort', () => reject(given?.reason as Error)),
    );
  };
  const begins: typeof fetch = (_, init) => {
    given = init?.signal;
    return Promise.resolve(new Response('{}'));
  };
  const clientOf = (send: typeof fetch) =>
    createApiClient({
      url: 'http://127.0.0.1:1',
      token: 'secret',
      fetch: patientFetch(send, { refusedMs: 0, answerMs }),
    });
  const reason = async (method: string): Promise<string | undefined> => {
    const failed = clientOf(hangs)
      .request(method, '/')
      .catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(answerMs);
    return explainApiFailure(await failed);
  };
  expect(await reason('GET')).toBe(
    'the control plane does not answer (no answer within 20 s); it may be restarting',
  );
  expect(await reason('DELETE')).toContain('within 20 s; whether the change was made is not known)');
  await clientOf(begins).request('GET', '/');
  await vi.advanceTimersByTimeAsync(2 * answerMs);
  expect(given?.aborted).toBe(false);
});
