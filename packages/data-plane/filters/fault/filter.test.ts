import type { FaultRule } from '@tulle/decision/tables/fault';
import { describe, expect, it } from 'vitest';
import type { StreamInfo } from '../../http/stream-info.ts';
import { named } from '../../testing/backend.ts';
import { cleanupAfterEach } from '../../testing/cleanup.ts';
import { type Answer, type Ask, ask } from '../../testing/client.ts';
import { portOf, startEngine } from '../../testing/engine.ts';
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
} from '../../testing/tables.ts';
import { VirtualClock } from '../../timers/virtual-clock.fixture.ts';
import { TimerWheel } from '../../timers/wheel.ts';
import { faultFilter } from './filter.ts';

const name = 'envoy.filters.http.fault';
const all = 1_000_000;

const cleanup = cleanupAfterEach();

/** A proxy whose one route has the fault, before a service that says how often it was asked. */
async function serve(rule: FaultRule, random: () => number = Math.random) {
  const app = await named('app');
  cleanup.push(() => app.close());
  const clock = new VirtualClock();
  const infos: StreamInfo[] = [];
  const faulty = route(forward('a', { retry: retry({ retries: 3 }) }), {
    perFilter: new Map([[name, rule]]),
  });
  const managed = manager(routeTable([host([faulty])]), {
    filters: [{ name, typeUrl: faultFilter.typeUrl, config: {} }],
  });
  const engine = await startEngine(
    tables({
      listeners: [listener('l', [httpChain(managed)])],
      clusters: [cluster('a', [endpoint(app.port)])],
    }),
    {
      wheel: new TimerWheel({ clock }),
      random,
      observe: { httpLoggers: () => [(info) => infos.push(info)] },
    },
  );
  cleanup.push(() => engine.destroy());
  const port = portOf(engine, 'l');
  return { engine, clock, infos, port, ask: (more: Ask = {}): Promise<Answer> => ask(port, more) };
}

const grpc = { method: 'POST', headers: { 'content-type': 'application/grpc' }, body: 'x' };

describe('abort', () => {
  it('answers instead of the service, once, whatever is retried', async () => {
    const { ask, infos } = await serve({ abort: { status: 503, fraction: all } });
    const answer = await ask({ method: 'POST', body: 'x'.repeat(200_000) });
    expect([answer.status, answer.body]).toEqual([503, 'fault filter abort']);
    expect(infos).toHaveLength(1);
    expect(infos[0]).toMatchObject({
      flags: ['FI'],
      details: 'fault_filter_abort',
      attempts: 0,
      routeName: 'route',
    });
  });

  it('tells a gRPC call what the HTTP status stands for, in a head without body', async () => {
    const { ask } = await serve({ abort: { status: 503, fraction: all } });
    const { status, headers } = await ask(grpc);
    expect([status, headers['grpc-status'], headers['grpc-message']]).toEqual([
      200,
      '14',
      'fault filter abort',
    ]);
  });

  it('tells a gRPC call its own status', async () => {
    const { ask } = await serve({ abort: { status: 200, grpcStatus: 8, fraction: all } });
    const { status, headers } = await ask(grpc);
    expect([status, headers['grpc-status']]).toEqual([200, '8']);
    expect((await ask()).status).toBe(200);
  });
});

describe('delay', () => {
  it('keeps a request back, body and all, and then lets it go', async () => {
    const { ask, clock, infos, engine } = await serve({ delay: { ms: 2_000, fraction: all } });
    const answer = ask({ method: 'POST', body: 'y'.repeat(200_000) });
    await expect.poll(() => engine.wheel.armed).toBeGreaterThan(1);
    clock.advance(1_950);
    expect(infos).toHaveLength(0);
    clock.advance(100);
    const { status, body } = await answer;
    expect([status, JSON.parse(body).body.length]).toEqual([200, 200_000]);
    expect(infos[0]).toMatchObject({ flags: ['DI'], attempts: 1 });
  });

  it('may be followed by an abort', async () => {
    const { ask, clock, infos, engine } = await serve({
      delay: { ms: 500, fraction: all },
      abort: { status: 418, fraction: all },
    });
    const answer = ask();
    await expect.poll(() => engine.wheel.armed).toBeGreaterThan(1);
    clock.advance(600);
    expect((await answer).status).toBe(418);
    expect(infos[0]?.flags).toEqual(['DI', 'FI']);
  });

  it('ends with its client', async () => {
    const { port, infos, engine, clock } = await serve({ delay: { ms: 60_000, fraction: all } });
    const { connect } = await import('node:net');
    const client = connect(port, '127.0.0.1');
    client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await expect.poll(() => engine.wheel.armed).toBeGreaterThan(1);
    client.destroy();
    await expect.poll(() => infos.length).toBe(1);
    expect(infos[0]?.flags).toEqual(['DI', 'DC']);
    clock.advance(120_000);
    expect(infos).toHaveLength(1);
  });
});

it('is a mixture of rules without chance, for explanations', () => {
  const variants = faultFilter.variants?.({
    delay: { ms: 10, fraction: 100_000 },
    abort: { status: 503, fraction: 500_000 },
  });
  expect(variants?.map(({ share }) => share)).toEqual([0.05, 0.05, 0.45, 0.45]);
  expect(variants?.[1]).toEqual({
    share: 0.05,
    says: 'fault: a delay of 10 ms (10 %), not an abort with 503 (50 %)',
    config: { delay: { ms: 10, fraction: 1_000_000 } },
  });
  expect(faultFilter.variants?.({})).toBeUndefined();
});

it('costs nothing where no route of the table has a fault', async () => {
  const { engine } = await serve({ abort: { status: 503, fraction: all } });
  const chains = () =>
    [...engine.listeners.active].flatMap(({ chains }) =>
      [...chains.values()].map(({ service }) =>
        service.kind === 'http' ? service.manager.chain.filters : [],
      ),
    );
  expect(chains()[0]).toHaveLength(1);
  const plain = manager(routeTable([host([route(forward('a'))])]), {
    filters: [{ name, typeUrl: faultFilter.typeUrl, config: {} }],
  });
  await engine.apply(tables({ listeners: [listener('l', [httpChain(plain)])], clusters: [] }));
  expect(chains()[0]).toHaveLength(0);
});
