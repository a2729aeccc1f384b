import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { backend } from '../testing/backend.ts';
import { cleanupAfterEach } from '../testing/cleanup.ts';
import { freePort } from '../testing/free-port.ts';
import { type Client, openClient, startWorkers } from '../testing/workers.ts';
import { connectionsFor } from './descriptor-limit.ts';

const cleanUps = cleanupAfterEach();

const descriptors = 200;

async function start(more: { readonly gate?: number } = {}) {
  const app = await backend((_, response) => response.end('hello'));
  cleanUps.push(app.close);
  const http = await freePort();
  const tcp = await freePort();
  const started = await startWorkers({ http, tcp, backends: [app.port], descriptors, ...more }, 1);
  cleanUps.push(started.close);
  const pid = started.processes[0]?.pid as number;
  return { http, tcp, pid };
}

async function open(port: number, count: number): Promise<Client[]> {
  const clients: Client[] = [];
  for (let at = 0; at < count; at++) {
    const client = await openClient(port);
    cleanUps.push(client.close);
    clients.push(client);
  }
  return clients;
}

const statuses = (clients: readonly Client[]): Promise<number[]> =>
  Promise.all(clients.map(async (client) => (await client.get()).status));

/** Processor time of a process so far, in milliseconds: user and system, in ticks of 10 ms. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /s, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Resolves when it has done little for half a second: one that spins never does. */
const rests = (pid: number): Promise<void> =>
  expect
    .poll(async () => {
      const before = cpuMs(pid);
      await pause(500);
      return cpuMs(pid) - before;
    })
    .toBeLessThan(150);

describe(`a proxy with ${descriptors} descriptors`, () => {
  it('serves as many clients as it has two for; more are told 503, or reset, at once', async () => {
    const { http, tcp, pid } = await start();
    const most = connectionsFor(descriptors);
    expect(most).toBe(68);
    const inside = await open(http, most);
    expect(await statuses(inside)).toEqual(Array(most).fill(200));
    const outside = await open(http, 30);
    expect(await statuses(outside)).toEqual(Array(30).fill(503));
    // Without a word of HTTP, where none is spoken.
    const reset = connect(tcp, '127.0.0.1');
    const [error] = (await once(reset, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNRESET');
    // Who is inside notices nothing, and nobody works for those outside.
    expect(await statuses(inside)).toEqual(Array(most).fill(200));
    await rests(pid);
    // A place that is free again is anybody's.
    const leaving = inside.splice(0, 5);
    await Promise.all(
      leaving.map(async ({ socket }) => {
        socket.end();
        await once(socket, 'close');
      }),
    );
    for (let place = 0; place < 5; place++)
      await expect.poll(async () => statuses(await open(http, 1))).toEqual([200]);
    expect(await statuses(inside)).toEqual(Array(inside.length).fill(200));
  });

  it('and none left: what comes is closed, without spinning; what is open is served, and all is well after', async () => {
    const { http, pid } = await start({ gate: 100_000 });
    const inside = await open(http, 60);
    expect(await statuses(inside)).toEqual(Array(60).fill(200));
    // More than there are descriptors for.
    const flood = await open(http, 300);
    await expect.poll(() => flood.slice(200).every(({ socket }) => socket.closed)).toBe(true);
    await rests(pid);
    // One after the other, over the connections upstream that there are: there is no descriptor for another.
    for (const client of inside) expect((await client.get()).status).toBe(200);
    for (const { socket } of flood) socket.destroy();
    await expect.poll(async () => statuses(await open(http, 10))).toEqual(Array(10).fill(200));
  });
});
