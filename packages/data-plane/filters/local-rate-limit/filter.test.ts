import { Agent } from 'node:http';
import { localRateLimit, perSecond } from '@tulle/decision/limits/rate-limit.fixture';
import { compileSubstitution } from '@tulle/decision/substitution';
import type { DescriptorRule, LocalRateLimit } from '@tulle/decision/tables/rate-limit';
import { expect, test } from 'vitest';
import type { Engine } from '../../engine.ts';
import { LimitMetrics } from '../../limits/limit-metrics.ts';
import { flatStats } from '../../telemetry/envoy-stats.ts';
import { MetricRegistry } from '../../telemetry/registry.ts';
import { named } from '../../testing/backend.ts';
import { cleanupAfterEach } from '../../testing/cleanup.ts';
import { ask } from '../../testing/client.ts';
import { portOf, startEngine } from '../../testing/engine.ts';
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
} from '../../testing/tables.ts';
import { VirtualClock } from '../../timers/virtual-clock.fixture.ts';
import { TimerWheel } from '../../timers/wheel.ts';
import { localRateLimitFilter } from './filter.ts';

const cleanup = cleanupAfterEach();

const { typeUrl } = localRateLimitFilter;
const rule = (name: string, more: DescriptorRule['actions'] = []): DescriptorRule => ({
  stage: 0,
  actions: [{ kind: 'text', key: 'limit', render: name }, ...more],
});
const byUser = rule('users', [
  { kind: 'text', key: 'by0', render: compileSubstitution('=%REQ(x-user)%') ?? '' },
]);

/** Listeners `a` and `b` with the same limit; time stands until the clock is turned. */
async function serve(limit: LocalRateLimit, more: Parameters<typeof forward>[1] = {}, random = () => 0) {
  const app = await named('app');
  cleanup.push(() => app.close());
  const clock = new VirtualClock();
  const registry = new MetricRegistry();
  const configuration = (settings: LocalRateLimit) => {
    const filters = [{ name: 'limit', typeUrl, config: settings }];
    const managed = () => manager(routeTable([host([route(forward('a', more))])]), { filters });
    return tables({
      listeners: ['a', 'b'].map((name) => listener(name, [httpChain(managed())])),
      clusters: [cluster('a', [endpoint(app.port)])],
    });
  };
  const engine: Engine = await startEngine(configuration(limit), {
    wheel: new TimerWheel({ clock }),
    observe: { limits: new LimitMetrics(registry) },
    random,
  });
  cleanup.push(() => engine.destroy());
  return {
    clock,
    app,
    to: (name: string, headers: Readonly<Record<string, string>> = {}, agent?: Agent) =>
      ask(portOf(engine, name), { headers, ...(agent === undefined ? {} : { agent }) }),
    apply: (settings: LocalRateLimit) => engine.apply(configuration(settings)),
    counted: () => flatStats(registry).map((stat) => ('value' in stat ? stat.value : 0)),
  };
}

const statuses = async (count: number, one: () => Promise<{ readonly status: number }>) => {
  const found: number[] = [];
  for (let i = 0; i < count; i++) found.push((await one()).status);
  return found;
};

test('what is above the limit is refused, on all listeners together, until tokens come in', async () => {
  const { to, clock, app, counted } = await serve(localRateLimit({ bucket: perSecond(3) }));
  expect(await statuses(2, () => to('a'))).toEqual([200, 200]);
  expect(await statuses(3, () => to('b'))).toEqual([200, 429, 429]);
  clock.advance(333);
  expect((await to('a')).status).toBe(429);
  clock.advance(1);
  expect(await statuses(2, () => to('a'))).toEqual([200, 429]);
  expect(app.count()).toBe(4);
  // enabled, enforced, ok, rate_limited
  expect(counted()).toEqual([8, 4, 4, 4]);
});

test('a new configuration with the same limit does not refill it; another limit begins anew', async () => {
  const limit = localRateLimit({ bucket: perSecond(2) });
  const { to, apply } = await serve(limit);
  expect(await statuses(3, () => to('a'))).toEqual([200, 200, 429]);
  await apply({ ...limit, status: 503 });
  expect(await statuses(1, () => to('a'))).toEqual([503]);
  await apply({ ...limit, bucket: perSecond(1) });
  expect(await statuses(2, () => to('a'))).toEqual([200, 429]);
});

test('the refused are told: status, body, headers, how much there is and when', async () => {
  const { to, clock } = await serve(
    localRateLimit({
      bucket: { maxTokens: 2, tokensPerFill: 1, fillIntervalMs: 10_000 },
      status: 430,
      rateLimitHeaders: true,
      retryAfter: true,
      responseHeaders: {
        set: [],
        add: [{ name: 'x-envoy-ratelimited', value: 'true' }],
        remove: [],
      },
    }),
  );
  const first = await to('a');
  expect(first.headers).toMatchObject({
    'x-ratelimit-limit': '2',
    'x-ratelimit-remaining': '1',
    'x-ratelimit-reset': '0',
  });
  expect(first.headers['x-envoy-ratelimited']).toBeUndefined();
  await to('a');
  clock.advance(2_500);
  const refused = await to('a');
  expect(refused).toMatchObject({ status: 430, body: 'local_rate_limited' });
  expect(refused.headers).toMatchObject({
    'x-ratelimit-limit': '2',
    'x-ratelimit-remaining': '0',
    'x-ratelimit-reset': '8',
    'retry-after': '8',
    'x-envoy-ratelimited': 'true',
  });
});

test.each([
  [true, '8'],
  [false, '14'],
])('a gRPC call is told so in its status (resource exhausted: %s)', async (resourceExhausted, status) => {
  const { to } = await serve(localRateLimit({ bucket: perSecond(1), resourceExhausted }));
  const headers = { 'content-type': 'application/grpc' };
  await to('a', headers);
  const refused = await to('a', headers);
  expect(refused.status).toBe(200);
  expect(refused.headers).toMatchObject({ 'grpc-status': status, 'grpc-message': 'local_rate_limited' });
});

test('each value of a header has a bucket of its own', async () => {
  const { to } = await serve(
    localRateLimit({
      rules: [byUser],
      descriptors: [
        {
          entries: [
            { key: 'limit', value: 'users' },
            { key: 'by0', value: '' },
          ],
          bucket: perSecond(1),
        },
      ],
    }),
  );
  const as = (user: string) => () => to('a', { 'x-user': user });
  expect(await statuses(2, as('ann'))).toEqual([200, 429]);
  expect(await statuses(2, as('bob'))).toEqual([200, 429]);
  expect(await statuses(2, () => to('a'))).toEqual([200, 429]);
});

test('a route says what its requests are counted as', async () => {
  const limit = localRateLimit({
    descriptors: [{ entries: [{ key: 'limit', value: 'users' }], bucket: perSecond(1) }],
  });
  const limited = await serve(limit, { rateLimits: [rule('users')] });
  expect(await statuses(2, () => limited.to('a'))).toEqual([200, 429]);
  const other = await serve(limit);
  expect(await statuses(3, () => other.to('a'))).toEqual([200, 200, 200]);
});

test('each connection may have its own', async () => {
  const { to } = await serve(localRateLimit({ bucket: perSecond(2), perConnection: true }));
  for (let i = 0; i < 2; i++) {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    cleanup.push(() => agent.destroy());
    expect(await statuses(3, () => to('a', {}, agent))).toEqual([200, 200, 429]);
  }
});

test('a limit that is only reported refuses nobody, and counts', async () => {
  const { to, app, counted } = await serve(
    localRateLimit({
      bucket: perSecond(1),
      enforced: 0,
      unenforcedHeaders: { set: [], add: [{ name: 'x-over', value: 'yes' }], remove: [] },
    }),
  );
  expect(await statuses(2, () => to('a'))).toEqual([200, 200]);
  expect(JSON.parse((await to('a')).body).headers['x-over']).toBe('yes');
  expect(app.count()).toBe(3);
  expect(counted()).toEqual([3, 0, 1, 2]);
});

test('a share of the requests is looked at, a share of those refused', async () => {
  let draw = 0.5;
  const { to, counted } = await serve(
    localRateLimit({ bucket: perSecond(1), enabled: 500_000, enforced: 300_000 }),
    {},
    () => draw,
  );
  const drawing = async (value: number) => {
    draw = value;
    return (await to('a')).status;
  };
  expect(await drawing(0.5)).toBe(200);
  expect(counted()).toEqual([0, 0, 0, 0]);
  expect(await drawing(0.4999)).toBe(200);
  expect(await drawing(0.3)).toBe(200);
  expect(await drawing(0.2999)).toBe(429);
  expect(counted()).toEqual([3, 1, 1, 2]);
});
