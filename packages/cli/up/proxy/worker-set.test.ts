import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backend, tcpBackend } from '@tulle/data-plane/testing/backend';
import { freePort } from '@tulle/data-plane/testing/free-port';
import { type WorkerArguments, workerCommand } from '@tulle/data-plane/testing/workers';
import { afterEach, describe, expect, it } from 'vitest';
import { type Child, type ChildRegistry, startChild } from '../process/child.ts';
import { WorkerSet } from './worker-set.ts';

const cleanUps: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const registry: ChildRegistry = { started: () => {}, ended: () => {} };

interface Started {
  readonly set: WorkerSet;
  /** Processes that run, the latest of each last. */
  readonly children: readonly Child[];
  /** Resolves when so many have begun to serve since the start. */
  served(count: number): Promise<void>;
}

/** A set of real workers without a control plane. */
async function start(
  args: Omit<WorkerArguments, 'id' | 'workers' | 'succeeds'>,
  { count = 2, command = workerCommand } = {},
): Promise<Started> {
  const folder = mkdtempSync(join(tmpdir(), 'tulle-workers-'));
  cleanUps.push(() => rmSync(folder, { recursive: true }));
  const children: Child[] = [];
  const waiting: { readonly count: number; resolve(): void }[] = [];
  let serving = 0;
  const set = new WorkerSet({
    count,
    prepare: () => Promise.resolve(),
    newToken: () => Promise.reject(new Error('there is no control plane')),
    spawn: (id, { succeeds }) => {
      const [program, ...rest] = command({ ...args, id, workers: count, succeeds });
      const child = startChild(
        {
          name: id,
          role: 'proxy',
          command: program,
          args: rest,
          env: { PATH: process.env.PATH ?? '' },
          cwd: folder,
          logPath: join(folder, 'log'),
          lifeline: false,
          channel: true,
        },
        registry,
      );
      children.push(child);
      void child.exited.then(() => children.splice(children.indexOf(child), 1));
      return child;
    },
    onServing: () => {
      serving++;
      for (const each of waiting) if (serving >= each.count) each.resolve();
    },
    onEnded: () => {},
  });
  cleanUps.push(() => set.stop(0));
  const served = (wanted: number): Promise<void> =>
    new Promise((resolve) => {
      if (serving >= wanted) resolve();
      else waiting.push({ count: wanted, resolve });
    });
  void set.start();
  await served(count);
  return { set, children, served };
}

/** GETs in a loop over so many connections, kept or new for each; ends after what is under way. */
function load(port: number, connections: number, keepAlive: boolean) {
  const agent = new Agent({ keepAlive, maxSockets: connections });
  const failures: string[] = [];
  let answers = 0;
  let running = true;
  const one = (): Promise<void> =>
    new Promise((resolve) => {
      const sent = request({ port, host: '127.0.0.1', agent }, (response) => {
        if (response.statusCode !== 200) failures.push(String(response.statusCode));
        response.resume().once('end', () => {
          answers++;
          resolve();
        });
        response.once('error', (error) => failures.push(String(error)));
      });
      sent.once('error', (error: NodeJS.ErrnoException) => {
        failures.push(error.code ?? error.message);
        resolve();
      });
      sent.end();
    });
  const loops = Array.from({ length: connections }, async () => {
    while (running) await one();
  });
  return {
    /** Resolves when so many more have been answered. */
    async more(count: number): Promise<void> {
      const until = answers + count;
      while (answers < until) await new Promise((resolve) => setImmediate(resolve));
    },
    async stop() {
      running = false;
      await Promise.all(loops);
      agent.destroy();
      return { answers, failures };
    },
  };
}

/** Says words to an echo server over one connection for as long as it runs. */
function talk(port: number) {
  const socket: Socket = connect(port, '127.0.0.1');
  cleanUps.push(() => socket.destroy());
  socket.on('error', () => {});
  let heard = 0;
  socket.on('data', (data) => {
    heard += data.length;
    socket.write('hello');
  });
  socket.write('hello');
  return {
    async more(): Promise<void> {
      const until = heard + 50;
      while (heard < until) {
        if (socket.destroyed) throw new Error('the connection has ended');
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

async function web() {
  const app = await backend((_, response) => response.end('hello'));
  cleanUps.push(app.close);
  return { http: await freePort(), backends: [app.port] };
}

describe('workers of a proxy', () => {
  it('one that is killed costs its own connections alone; none is refused, and another takes its place', async () => {
    const args = await web();
    const { children, served } = await start(args);
    const connections = 6;
    const fresh = load(args.http, connections, false);
    const kept = load(args.http, connections, true);
    for (let again = 0; again < 2; again++) {
      await fresh.more(100);
      // It leaves the list when it has ended.
      const [victim] = children;
      victim?.kill('SIGKILL');
      await fresh.more(100);
      await victim?.exited;
    }
    await served(4);
    await kept.more(20);
    const [a, b] = [await fresh.stop(), await kept.stop()];
    expect([...a.failures, ...b.failures].filter((code) => code !== 'ECONNRESET')).toEqual([]);
    // What was open at each kill, at most.
    expect(a.failures.length + b.failures.length).toBeLessThanOrEqual(2 * 2 * connections);
    expect(children.length).toBe(2);
  });

  it('the only one that is killed: connections wait for the next', async () => {
    const args = await web();
    const { children, served } = await start(args, { count: 1 });
    const fresh = load(args.http, 4, false);
    await fresh.more(50);
    children[0]?.kill('SIGKILL');
    await served(2);
    await fresh.more(50);
    const { failures } = await fresh.stop();
    expect(failures.filter((code) => code !== 'ECONNRESET')).toEqual([]);
    expect(failures.length).toBeLessThanOrEqual(4);
  });

  it.each([1, 2])(
    'are replaced (%i of them) while they serve: nothing is refused, nothing fails',
    async (count) => {
      const echo = await tcpBackend((socket) => socket.pipe(socket));
      cleanUps.push(echo.close);
      const args = await web();
      const tcp = await freePort();
      // One cluster serves both listeners: the echo server is asked over TCP by a set of its own.
      const { set, children } = await start(args, { count });
      const streams = await start({ http: await freePort(), tcp, backends: [echo.port] }, { count });
      const before = [...children];
      const fresh = load(args.http, 4, false);
      const kept = load(args.http, 4, true);
      const spoken = talk(tcp);
      for (let again = 0; again < 2; again++) {
        await Promise.all([fresh.more(50), kept.more(50), spoken.more()]);
        await Promise.all([set.restart(), streams.set.restart()]);
        await Promise.all([fresh.more(50), kept.more(50), spoken.more()]);
      }
      const idle = before.map(({ exited }) => exited);
      const results = [await fresh.stop(), await kept.stop()];
      expect(results.flatMap(({ failures }) => failures)).toEqual([]);
      // Those before end by themselves once what was open is over.
      await Promise.all(idle);
      expect(children.length).toBe(count);
      // Over the same connection all the while.
      await spoken.more();
    },
    // A dozen processes start, one after the other.
    300_000,
  );

  it('go on when their successor does not come to serve', async () => {
    const args = await web();
    let broken = false;
    const { set, children } = await start(args, {
      count: 1,
      command: (given) => (broken ? ['/bin/false'] : workerCommand(given)),
    });
    const kept = load(args.http, 2, true);
    broken = true;
    await expect(set.restart()).rejects.toThrow('the one before goes on');
    broken = false;
    await kept.more(20);
    await set.restart();
    await kept.more(20);
    expect((await kept.stop()).failures).toEqual([]);
    expect(children.length).toBeGreaterThanOrEqual(1);
  });

  it('starts nobody any more when it is stopped amid a hot restart', async () => {
    const app = await backend((_, response) => response.end('ok'));
    cleanUps.push(app.close);
    const { set, children } = await start({ http: await freePort(), backends: [app.port] });
    const restarted = set.restart();
    await Promise.all([expect(restarted).rejects.toThrow('did not come to serve'), set.stop(0)]);
    expect(children).toEqual([]);
  });
});
