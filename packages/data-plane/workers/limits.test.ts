import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { backend, tcpBackend } from '../testing/backend.ts';
import { cleanupAfterEach } from '../testing/cleanup.ts';
import { closed } from '../testing/closed.ts';
import { freePort } from '../testing/free-port.ts';
import { type Client, openClient, startWorkers, type TestWorkers } from '../testing/workers.ts';

const cleanUps = cleanupAfterEach();

/** Answers `/now` at once, everything else when told; counts what is open. */
async function holdingBackend() {
  const held: ServerResponse[] = [];
  const awaited: ((response: ServerResponse) => void)[] = [];
  const sockets = new Set<Socket>();
  let most = 0;
  const made = await backend((request, response) => {
    if (request.url === '/now') response.end('now');
    else if (request.url === '/fail') response.writeHead(500, { 'content-length': 0 }).end();
    else {
      const resolve = awaited.shift();
      if (resolve === undefined) held.push(response);
      else resolve(response);
    }
  });
  made.server.on('connection', (socket) => {
    sockets.add(socket);
    most = Math.max(most, sockets.size);
    socket.once('close', () => sockets.delete(socket));
  });
  cleanUps.push(made.close);
  return {
    port: made.port,
    count: made.count,
    mostConnections: () => most,
    /** Resolves when a request waits for its answer, with one that no call before had. */
    held: () =>
      new Promise<ServerResponse>((resolve) => {
        const response = held.shift();
        if (response === undefined) awaited.push(resolve);
        else resolve(response);
      }),
  };
}

async function workers(args: Partial<Parameters<typeof startWorkers>[0]> & { backends: readonly number[] }) {
  const http = await freePort();
  const started = await startWorkers({ http, ...args });
  cleanUps.push(started.close);
  return { ...started, http };
}

/** A client of each worker. */
async function clientOfEach({ byOnly, http }: TestWorkers & { http: number }): Promise<[Client, Client]> {
  const one = async (slot: number): Promise<Client> =>
    byOnly(slot, async () => {
      const client = await openClient(http);
      cleanUps.push(client.close);
      expect((await client.get('/who')).body).toBe(`0.${slot}`);
      return client;
    });
  return [await one(0), await one(1)];
}

describe('limits of one for two workers', () => {
  it('max requests: the second is refused while the first runs, whoever serves it, and not after', async () => {
    const app = await holdingBackend();
    const [a, b] = await clientOfEach(await workers({ backends: [app.port], limits: { requests: 1 } }));
    const first = a.get('/hold');
    const waiting = await app.held();
    expect(await b.get('/now')).toMatchObject({ status: 503, body: expect.stringContaining('overflow') });
    expect(await b.get('/now')).toMatchObject({ status: 503 });
    waiting.end('done');
    expect(await first).toEqual({ status: 200, body: 'done' });
    // Back and forth: what one does not use any more the other may.
    for (const client of [b, a, b, b, a])
      expect(await client.get('/now')).toEqual({ status: 200, body: 'now' });
  });

  it('a rate limit: what both take together', async () => {
    const app = await holdingBackend();
    const rateLimit = { maxTokens: 34, tokensPerFill: 1, fillIntervalMs: 3_600_000 };
    // The clients' first requests take a token each.
    const [a, b] = await clientOfEach(await workers({ backends: [app.port], rateLimit }));
    const statuses: number[] = [];
    for (let i = 0; i < 20; i++)
      for (const client of [a, b]) statuses.push((await client.get('/now')).status);
    const taken = statuses.filter((status) => status === 200).length;
    // A sixteenth, two tokens, may be at the worker that does not ask.
    expect(taken).toBeGreaterThanOrEqual(30);
    expect(taken).toBeLessThanOrEqual(32);
    expect(app.count()).toBe(taken);
  });

  it('max connections: one at a time, and an idle one goes where it is needed', async () => {
    const app = await holdingBackend();
    const [a, b] = await clientOfEach(await workers({ backends: [app.port], limits: { connections: 1 } }));
    for (const client of [a, b, b, a, b])
      expect(await client.get('/now')).toEqual({ status: 200, body: 'now' });
    // In use here, waited for there.
    const first = a.get('/hold');
    const waiting = await app.held();
    const second = b.get('/now');
    waiting.end('done');
    expect(await first).toEqual({ status: 200, body: 'done' });
    expect(await second).toEqual({ status: 200, body: 'now' });
    expect(app.mostConnections()).toBe(1);
  });

  it('max pending: one waits for a connection, the next is refused', async () => {
    const app = await holdingBackend();
    const [a, b] = await clientOfEach(
      await workers({ backends: [app.port], limits: { connections: 1, pending: 1 } }),
    );
    const first = a.get('/hold');
    const waiting = await app.held();
    const third = await openClient(Number(a.socket.remotePort));
    cleanUps.push(third.close);
    const both = [b.get('/hold'), third.get('/hold')];
    // Whichever comes first waits.
    expect((await Promise.race(both)).status).toBe(503);
    waiting.end('done');
    expect(await first).toEqual({ status: 200, body: 'done' });
    (await app.held()).end('second');
    expect((await Promise.all(both)).map(({ status }) => status).sort()).toEqual([200, 503]);
  });

  it('TCP connections: the second is closed while the first is open', async () => {
    const accepted: Socket[] = [];
    const echo = await tcpBackend((socket) => {
      accepted.push(socket);
      socket.pipe(socket);
    });
    cleanUps.push(echo.close);
    const tcp = await freePort();
    const { byOnly } = await workers({ backends: [echo.port], tcp, limits: { connections: 1 } });
    const say = (client: Client): Promise<string> =>
      new Promise((resolve) => {
        client.socket.once('data', resolve).once('close', () => resolve('closed'));
        client.socket.write('hello');
      });
    const first = await byOnly(0, async () => {
      const client = await openClient(tcp);
      expect(await say(client)).toBe('hello');
      return client;
    });
    // Taken by the second while the first can't; asked when it can answer again.
    const second = await byOnly(1, () => openClient(tcp));
    expect(await say(second)).toBe('closed');
    const ended = once(accepted[0] as Socket, 'close');
    first.socket.destroy();
    await ended;
    // The backend may know it before the worker has given its permit back.
    const third = async (): Promise<string> => {
      const client = await openClient(tcp);
      cleanUps.push(client.close);
      return say(client);
    };
    await expect.poll(third).toBe('hello');
  });

  it('connections of a listener: the second is answered 503 and closed at once, whoever takes it', async () => {
    const app = await holdingBackend();
    const { byOnly, http } = await workers({ backends: [app.port], maxConnections: 1 });
    const first = await byOnly(0, async () => {
      const client = await openClient(http);
      expect((await client.get('/now')).status).toBe(200);
      return client;
    });
    for (let again = 0; again < 6; again++) {
      const refused = await openClient(http);
      expect(await refused.get('/now')).toEqual({ status: 503, body: 'overloaded' });
      await closed(refused.socket);
    }
    expect((await first.get('/now')).status).toBe(200);
    first.socket.end();
    await closed(first.socket);
    // The client may know it before the worker has given its permit back.
    const next = async (): Promise<number | undefined> => {
      const client = await openClient(http);
      cleanUps.push(client.close);
      return (await client.get('/now')).status;
    };
    await expect.poll(next).toBe(200);
  });

  it('an ejection by one is an ejection by both, and failures in a row count at either', async () => {
    const bad = await holdingBackend();
    const good = await backend((_, response) => response.end('good'));
    cleanUps.push(good.close);
    const outlier = {
      consecutive5xx: 4,
      consecutiveGatewayErrors: 0,
      intervalMs: 60_000,
      baseEjectionMs: 60_000,
      maxEjectionMs: 60_000,
      maxEjectionPercent: 50,
      alwaysEjectOne: true,
    };
    const [a, b] = await clientOfEach(await workers({ backends: [bad.port, good.port], outlier }));
    // Round robin: every other request fails at the bad one, until it has failed four times in a row in all.
    const statuses: number[] = [];
    for (const client of [a, b, a, b])
      for (let twice = 0; twice < 2; twice++) statuses.push((await client.get('/fail')).status);

    expect(statuses.filter((status) => status === 500)).toHaveLength(4);
    // Each has turned its loop once more, and so has heard what the other said before.
    for (const client of [a, b]) await client.get('/who');
    for (const client of [a, b])
      for (let more = 0; more < 4; more++) expect((await client.get('/fail')).status).toBe(200);
    expect([bad.count(), good.count()]).toEqual([4, 12]);
  });
});
