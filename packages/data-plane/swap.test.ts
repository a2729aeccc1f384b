import { Agent } from 'node:http';
import { describe, expect, it } from 'vitest';
import { drain } from './drain.ts';
import { backend, named } from './testing/backend.ts';
import { cleanupAfterEach } from './testing/cleanup.ts';
import { ask } from './testing/client.ts';
import { portOf, startEngine } from './testing/engine.ts';
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
} from './testing/tables.ts';
import { VirtualClock } from './timers/virtual-clock.fixture.ts';
import { TimerWheel } from './timers/wheel.ts';

const cleanup = cleanupAfterEach();

async function app(name: string) {
  const made = await named(name);
  cleanup.push(() => made.close());
  return made;
}

const outlier = {
  consecutive5xx: 5,
  consecutiveGatewayErrors: 0,
  intervalMs: 10_000,
  baseEjectionMs: 30_000,
  maxEjectionMs: 300_000,
  maxEjectionPercent: 50,
  alwaysEjectOne: true,
};

/** One listener on a port of its own, all clusters by EDS. */
function configured(
  weights: Record<string, number>,
  endpoints: Record<string, number[]>,
  managed = manager('routes'),
) {
  return tables({
    listeners: [listener('l', [httpChain(managed)])],
    routes: [routeTable([host([route(forward(weights, { retry: retry() }))])], { name: 'routes' })],
    clusters: Object.keys(endpoints).map((name) =>
      cluster(name, [], { discovery: { kind: 'eds', name }, outlier }),
    ),
    endpoints: Object.fromEntries(
      Object.entries(endpoints).map(([name, ports]) => [name, ports.map((port) => endpoint(port))]),
    ),
  });
}

describe('a swap of tables', () => {
  it('fails no request under load, whatever of the configuration changes', async () => {
    const [a, b, c] = [await app('a'), await app('b'), await app('c')];
    const engine = await startEngine(configured({ one: 1 }, { one: [a.port] }));
    cleanup.push(() => engine.destroy());
    const port = portOf(engine, 'l');
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    cleanup.push(() => agent.destroy());
    let running = true;
    const statuses = new Map<number, number>();
    const load = Array.from({ length: 8 }, async () => {
      while (running) {
        const { status } = await ask(port, { agent });
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    });
    for (let round = 0; round < 60; round++) {
      const served = () => [...statuses.values()].reduce((sum, count) => sum + count, 0);
      const before = served();
      const endpoints =
        round % 3 === 0
          ? { one: [a.port, b.port] }
          : round % 3 === 1
            ? { one: [b.port, c.port], two: [c.port] }
            : { two: [a.port, c.port], one: [c.port] };
      await engine.apply(
        configured(
          'two' in endpoints ? { one: 1, two: round } : { one: 1 },
          endpoints as Record<string, number[]>,
        ),
      );
      while (served() < before + 5) await new Promise((resolve) => setImmediate(resolve));
    }
    running = false;
    await Promise.all(load);
    expect([...statuses.keys()]).toEqual([200]);
    for (const each of engine.clusters.clusters)
      for (const state of each.endpoints) expect(state.active).toBe(0);
  });

  it('carries over what unchanged endpoints have earned', async () => {
    const [a, b] = [await app('a'), await app('b')];
    const engine = await startEngine(configured({ one: 1 }, { one: [a.port, b.port] }));
    cleanup.push(() => engine.destroy());
    const port = portOf(engine, 'l');
    for (let i = 0; i < 10; i++) await ask(port);
    const before = engine.clusters.get('one')?.endpoints ?? [];
    const counters = before.map((state) => ({ ...state.counters }));
    expect(counters.map((each) => each.requestsTotal)).toEqual([5, 5]);
    const [bad] = before;
    for (let i = 0; i < 5; i++)
      if (bad !== undefined) engine.clusters.get('one')?.outliers.answered(bad, 500);
    await engine.apply(configured({ one: 1 }, { one: [a.port, b.port], other: [a.port] }));
    const after = engine.clusters.get('one')?.endpoints ?? [];
    expect(after[0]).toBe(before[0]);
    expect(after.map((state) => state.counters)).toEqual(counters);
    expect(after[0]?.ejected).toBe(true);
    for (let i = 0; i < 4; i++) await ask(port);
    // Its connection was kept, too: none was made anew.
    expect(after[1]?.counters).toMatchObject({ connectionsTotal: 1, requestsTotal: 9 });
  });

  it('lets a long response live on when its route, cluster and listener are gone', async () => {
    let finish: () => void = () => {};
    const slow = await backend((_request, response) => {
      response.write('begin ');
      finish = () => response.end('end');
    });
    cleanup.push(() => slow.close());
    const engine = await startEngine(configured({ one: 1 }, { one: [slow.port] }));
    cleanup.push(() => engine.destroy());
    const response = await fetch(`http://127.0.0.1:${portOf(engine, 'l')}/`);
    await engine.apply(tables({}));
    finish();
    expect(await response.text()).toBe('begin end');
  });

  it('moves a listener to another address and closes the old one', async () => {
    const a = await app('a');
    const first = configured({ one: 1 }, { one: [a.port] });
    const engine = await startEngine(first);
    cleanup.push(() => engine.destroy());
    const old = portOf(engine, 'l');
    const renamed = {
      ...first,
      listeners: new Map([
        ['m', { ...(first.listeners.get('l') as ReturnType<typeof listener>), name: 'm' }],
      ]),
    };
    await engine.apply(renamed);
    expect((await ask(portOf(engine, 'm'))).status).toBe(200);
    await expect(ask(old)).rejects.toThrow();
  });

  it('says which listener could not be bound, and serves the others', async () => {
    const a = await app('a');
    const engine = await startEngine(configured({ one: 1 }, { one: [a.port] }));
    cleanup.push(() => engine.destroy());
    const next = configured({ one: 1 }, { one: [a.port] });
    const withTaken = {
      ...next,
      listeners: new Map([
        ...next.listeners,
        ['taken', listener('taken', [httpChain(manager('routes'))], { port: a.port })],
      ]),
    };
    // The second update comes while the first one's listener is being bound: it has the same to tell.
    const outcomes = await Promise.all([engine.apply(withTaken), engine.apply({ ...withTaken })]);
    const reason = `cannot bind '127.0.0.1:${a.port}': Address already in use`;
    for (const failures of outcomes) expect(failures).toEqual([{ listener: 'taken', reason }]);
    expect((await ask(portOf(engine, 'l'))).status).toBe(200);
  });
});

describe('drain', () => {
  it('finishes what is open, asks clients to close, then is gone', async () => {
    let finish: () => void = () => {};
    const slow = await backend((request, response) => {
      if (request.url === '/slow') finish = () => response.end('late');
      else response.end('quick');
    });
    cleanup.push(() => slow.close());
    const clock = new VirtualClock();
    const wheel = new TimerWheel({ clock });
    const engine = await startEngine(configured({ one: 1 }, { one: [slow.port] }), { wheel });
    cleanup.push(() => engine.destroy());
    const port = portOf(engine, 'l');
    const agent = new Agent({ keepAlive: true });
    cleanup.push(() => agent.destroy());
    const pending = ask(port, { path: '/slow' });
    await expect.poll(() => slow.count()).toBe(1);
    const drained = drain(engine, { graceMs: 100, limitMs: 5_000 });
    expect((await ask(port, { agent })).headers.connection).toBe('close');
    clock.advance(100);
    await expect
      .poll(() =>
        ask(port).then(
          () => 'served',
          () => 'refused',
        ),
      )
      .toBe('refused');
    finish();
    expect(await pending).toMatchObject({ status: 200, body: 'late' });
    await drained;
    expect(engine.listeners.connections).toBe(0);
  });

  it('serves callers for as long as they have not learned that it goes', async () => {
    const a = await app('a');
    const config = configured({ one: 1 }, { one: [a.port] });
    const inbound = listener('l', [httpChain(manager('routes'))], { direction: 'inbound' });
    const clock = new VirtualClock();
    const wheel = new TimerWheel({ clock });
    const engine = await startEngine({ ...config, listeners: new Map([['l', inbound]]) }, { wheel });
    cleanup.push(() => engine.destroy());
    const port = portOf(engine, 'l');
    const drained = drain(engine, { graceMs: 100, limitMs: 5_000 });
    for (let round = 0; round < 5; round++) {
      expect((await ask(port)).status).toBe(200);
      clock.advance(100);
    }
    // Nobody came within this one.
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(100);
    await drained;
    await expect(ask(port)).rejects.toThrow('ECONNREFUSED');
  });

  it('ends what takes too long', async () => {
    const stuck = await backend(() => {});
    cleanup.push(() => stuck.close());
    const engine = await startEngine(configured({ one: 1 }, { one: [stuck.port] }));
    const pending = ask(portOf(engine, 'l')).catch((error: Error) => error.message);
    await expect.poll(() => stuck.count()).toBe(1);
    await drain(engine, { graceMs: 0, limitMs: 100 });
    expect(await pending).toMatch(/hang up|ECONNRESET/);
  });
});
