import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { Engine } from '../engine.ts';
import type { StreamInfo } from '../http/stream-info.ts';
import { backend } from '../testing/backend.ts';
import { cleanupAfterEach } from '../testing/cleanup.ts';
import { type Answer, type Ask, ask } from '../testing/client.ts';
import { portOf, startEngine } from '../testing/engine.ts';
import {
  cluster,
  endpoint,
  forward,
  host,
  httpChain,
  listener,
  manager,
  retry,
  route,
  routeTable,
  tables,
} from '../testing/tables.ts';
import { VirtualClock } from '../timers/virtual-clock.fixture.ts';
import { TimerWheel } from '../timers/wheel.ts';

const cleanup = cleanupAfterEach();

interface Held {
  readonly body: string;
  answer(status: number, body: string): void;
  readonly closed: () => boolean;
}

/** A service whose answers the test gives, behind a route that hedges after a second. */
async function serve(
  retries: number,
  atOnce = 2 ** 31,
): Promise<{
  engine: Engine;
  clock: VirtualClock;
  held: Held[];
  infos: StreamInfo[];
  ask: (more?: Ask) => Promise<Answer>;
}> {
  const held: Held[] = [];
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    let body = '';
    let closed = false;
    response.on('close', () => {
      closed = true;
    });
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () =>
      held.push({
        body,
        closed: () => closed,
        answer: (status, text) => response.writeHead(status).end(text),
      }),
    );
  };
  const app = await backend(take);
  cleanup.push(() => app.close());
  const clock = new VirtualClock();
  const infos: StreamInfo[] = [];
  const action = forward('a', {
    hedge: true,
    timeoutMs: 30_000,
    retry: retry({ retries, perTryTimeoutMs: 1_000 }),
  });
  const limits = { connections: 2 ** 31, pending: 2 ** 31, requests: 2 ** 31, retries: atOnce };
  const engine = await startEngine(
    tables({
      listeners: [listener('l', [httpChain(manager(routeTable([host([route(action)])])))])],
      clusters: [cluster('a', [endpoint(app.port)], { breakers: { default: limits, high: limits } })],
    }),
    { wheel: new TimerWheel({ clock }), observe: { httpLoggers: () => [(info) => infos.push(info)] } },
  );
  cleanup.push(() => engine.destroy());
  return { engine, clock, held, infos, ask: (more) => ask(portOf(engine, 'l'), more) };
}

/** Lets the attempt under way be late, and waits for the next one. */
async function hedge(clock: VirtualClock, held: readonly Held[], count: number): Promise<void> {
  await expect.poll(() => held.length).toBe(count);
  clock.advance(1_100);
  await expect.poll(() => held.length).toBe(count + 1);
}

async function settled(engine: Engine): Promise<void> {
  const [only] = engine.clusters.clusters;
  await expect
    .poll(() => [
      only?.breakers.default.requests.value,
      only?.breakers.default.retries.value,
      only?.endpoints[0]?.active,
    ])
    .toEqual([0, 0, 0]);
}

describe('hedging', () => {
  it('takes the late attempt when it answers first, with the whole request in both', async () => {
    const { ask, clock, held, infos, engine } = await serve(1);
    const answer = ask({ method: 'POST', body: 'both' });
    await hedge(clock, held, 1);
    held[0]?.answer(200, 'late, but first');
    expect(await answer).toMatchObject({ status: 200, body: 'late, but first' });
    expect(held.map(({ body }) => body)).toEqual(['both', 'both']);
    await expect.poll(() => held[1]?.closed()).toBe(true);
    expect(infos[0]).toMatchObject({ attempts: 2, flags: [] });
    await settled(engine);
  });

  it('takes the second attempt when it answers first, and gives the late one up', async () => {
    const { ask, clock, held, engine } = await serve(1);
    const answer = ask();
    await hedge(clock, held, 1);
    held[1]?.answer(200, 'second');
    expect((await answer).body).toBe('second');
    await expect.poll(() => held[0]?.closed()).toBe(true);
    await settled(engine);
  });

  it('lets bad answers pass while a better one may come', async () => {
    const { ask, clock, held, engine } = await serve(1);
    const answer = ask();
    await hedge(clock, held, 1);
    held[1]?.answer(503, 'bad');
    await expect.poll(() => engine.clusters.clusters && held[1]?.closed()).toBe(true);
    held[0]?.answer(200, 'good');
    expect(await answer).toMatchObject({ status: 200, body: 'good' });
    await settled(engine);
  });

  it('answers with the last bad one when there is nothing else', async () => {
    const { ask, clock, held, infos, engine } = await serve(1);
    const answer = ask();
    await hedge(clock, held, 1);
    held[0]?.answer(503, 'bad');
    await expect.poll(() => held[0]?.closed()).toBe(true);
    held[1]?.answer(500, 'worse');
    expect(await answer).toMatchObject({ status: 500, body: 'worse' });
    expect(infos[0]?.flags).toEqual(['URX']);
    await settled(engine);
  });

  it('waits for what is under way when all attempts are used up, as long as the whole may take', async () => {
    const { ask, clock, held, infos, engine } = await serve(1);
    const answer = ask();
    await hedge(clock, held, 1);
    clock.advance(5_000);
    expect(infos).toHaveLength(0);
    clock.advance(30_000);
    expect((await answer).status).toBe(504);
    expect(infos[0]?.flags).toContain('UT');
    await settled(engine);
  });
});

describe('the budget of retries', () => {
  it('counts those that are late and go on: a service that hangs gets no more than it allows', async () => {
    const { ask, clock, held, engine } = await serve(5, 3);
    const answers = [ask(), ask(), ask(), ask()];
    await expect.poll(() => held.length).toBe(4);
    const gauge = engine.clusters.get('a')?.breakers.default.retries;
    for (let second = 1; second <= 5; second++) {
      clock.advance(1_100);
      await expect.poll(() => held.length).toBe(7);
      expect(gauge?.value).toBe(3);
    }
    // One that fails makes room for another.
    held[6]?.answer(503, 'bad');
    await expect
      .poll(() => {
        clock.advance(50);
        return held.length;
      })
      .toBe(8);
    expect(gauge?.value).toBe(3);
    for (const one of held.toSpliced(6, 1)) one.answer(200, 'good');
    for (const answer of answers) expect((await answer).status).toBe(200);
    await settled(engine);
  });
});

describe('limits that a client says', () => {
  it('hold instead of the route’s, and are not passed on', async () => {
    const { ask, clock, held, infos } = await serve(0);
    const answer = ask({
      headers: { 'x-envoy-upstream-rq-timeout-ms': '3000', 'x-envoy-hedge-on-per-try-timeout': 'false' },
    });
    await expect.poll(() => held.length).toBe(1);
    clock.advance(3_100);
    expect((await answer).status).toBe(504);
    expect(infos).toHaveLength(1);
  });
});
