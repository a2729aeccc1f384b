import { connect } from 'node:net';
import type { BalancerPolicy } from '@tulle/decision/tables/cluster';
import { describe, expect, test } from 'vitest';
import { type Backend, named, tcpBackend } from '../testing/backend.ts';
import { cleanupAfterEach } from '../testing/cleanup.ts';
import { ask } from '../testing/client.ts';
import { portOf, startEngine } from '../testing/engine.ts';
import {
  chain,
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
} from '../testing/tables.ts';
import { VirtualClock } from '../timers/virtual-clock.fixture.ts';
import { TimerWheel } from '../timers/wheel.ts';

const cleanup = cleanupAfterEach();

async function backends(count: number): Promise<Backend[]> {
  const made = await Promise.all(Array.from({ length: count }, (_, i) => named(`b${i}`)));
  for (const each of made) cleanup.push(() => each.close());
  return made;
}

const policies: readonly BalancerPolicy[] = [
  { kind: 'ring-hash', minRingSize: 1024, maxRingSize: 8_388_608 },
  { kind: 'maglev', tableSize: 65_537 },
];

describe.each(policies)('a client with a cookie of the proxy’s: $kind', (balancer) => {
  const serving = (members: readonly Backend[]) => {
    const hashPolicy = [
      { kind: 'cookie', name: 'session', ttlMs: 60_000, path: '/', terminal: false },
    ] as const;
    return tables({
      listeners: [
        listener('l', [httpChain(manager(routeTable([host([route(forward('a', { hashPolicy }))])])))]),
      ],
      clusters: [
        cluster(
          'a',
          members.map(({ port }) => endpoint(port)),
          { balancer },
        ),
      ],
    });
  };

  test('comes back to the endpoint that gave it, also when another one goes', async () => {
    const members = await backends(5);
    const engine = await startEngine(serving(members));
    cleanup.push(() => engine.destroy());
    const port = portOf(engine, 'l');
    const clients: { cookie: string; backend: unknown }[] = [];
    for (let i = 0; i < 30; i++) {
      const { headers } = await ask(port);
      const [set] = headers['set-cookie'] ?? [];
      expect(set).toMatch(/^session=[0-9a-f]{16}; Max-Age=60; Path=\/; HttpOnly$/);
      clients.push({ cookie: (set ?? '').split(';')[0] ?? '', backend: headers['x-backend'] });
    }
    const served = new Set(clients.map(({ backend }) => backend));
    expect(served.size).toBeGreaterThan(1);
    const check = async (): Promise<number> => {
      let moved = 0;
      for (const { cookie, backend } of clients) {
        const { headers } = await ask(port, { headers: { cookie } });
        expect(headers['set-cookie']).toBeUndefined();
        if (headers['x-backend'] !== backend) moved++;
      }
      return moved;
    };
    expect(await check()).toBe(0);
    await engine.apply(serving(members.slice(1)));
    // Its own clients move. Of the others of a table that 5 share, few; of a ring none.
    const orphans = clients.filter(({ backend }) => backend === 'b0').length;
    expect((await check()) - orphans).toBeLessThanOrEqual(balancer.kind === 'maglev' ? 2 : 0);
  });
});

test('connections of bytes from one address go to one endpoint', async () => {
  const heard: number[] = [];
  const servers = await Promise.all(
    [0, 1, 2, 3].map((i) =>
      tcpBackend((socket) => {
        heard.push(i);
        socket.end();
      }),
    ),
  );
  for (const each of servers) cleanup.push(() => each.close());
  const engine = await startEngine(
    tables({
      listeners: [
        listener('l', [
          chain({
            kind: 'tcp',
            proxy: {
              statPrefix: 't',
              clusters: forward('a').clusters,
              idleTimeoutMs: 0,
              maxConnectAttempts: 1,
              hashSourceIp: true,
              accessLogs: [],
            },
          }),
        ]),
      ],
      clusters: [
        cluster(
          'a',
          servers.map(({ port }) => endpoint(port)),
          {
            balancer: { kind: 'maglev', tableSize: 65_537 },
          },
        ),
      ],
    }),
  );
  cleanup.push(() => engine.destroy());
  for (let i = 0; i < 8; i++) {
    const socket = connect(portOf(engine, 'l'), '127.0.0.1');
    await new Promise((resolve) => socket.resume().once('close', resolve));
  }
  expect(heard.length).toBe(8);
  expect(new Set(heard).size).toBe(1);
});

test('requests leave a zone whose endpoints are ejected, and come back', async () => {
  const [near, far] = (await backends(2)) as [Backend, Backend];
  const zones = [
    endpoint(near.port, { locality: 'r1/z1', priority: 0 }),
    endpoint(far.port, { locality: 'r2/z1', priority: 1 }),
  ];
  const clock = new VirtualClock();
  const engine = await startEngine(
    tables({
      listeners: [listener('l', [httpChain(manager(routeTable([host([route(forward('a'))])])))])],
      clusters: [
        cluster('a', zones, {
          outlier: {
            consecutive5xx: 2,
            consecutiveGatewayErrors: 0,
            intervalMs: 100,
            baseEjectionMs: 100,
            maxEjectionMs: 100,
            maxEjectionPercent: 50,
            alwaysEjectOne: true,
          },
        }),
      ],
    }),
    { wheel: new TimerWheel({ clock }) },
  );
  cleanup.push(() => engine.destroy());
  const port = portOf(engine, 'l');
  const servedBy = async (): Promise<unknown> => (await ask(port)).headers['x-backend'];
  for (let i = 0; i < 5; i++) expect(await servedBy()).toBe('b0');
  const state = engine.clusters.get('a');
  const first = state?.endpoints[0];
  if (first === undefined) throw new Error('no endpoint');
  for (let i = 0; i < 2; i++) state?.outliers.answered(first, 500);
  expect(await servedBy()).toBe('b1');
  clock.advance(300);
  expect(await servedBy()).toBe('b0');
});
