import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from '@tulle/data-plane/engine';
import { rateLimitFilter } from '@tulle/data-plane/filters/rate-limit/filter';
import { named } from '@tulle/data-plane/testing/backend';
import { cleanupAfterEach } from '@tulle/data-plane/testing/cleanup';
import { portOf, startEngine } from '@tulle/data-plane/testing/engine';
import { freePort } from '@tulle/data-plane/testing/free-port';
import { globalRateLimit } from '@tulle/data-plane/testing/limits';
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
} from '@tulle/data-plane/testing/tables';
import { expect, test } from 'vitest';
import { RedisCounters } from '../../packages/cli/rate-limit-service/redis-counters.ts';
import { RespClient } from '../../packages/cli/rate-limit-service/resp-client.ts';
import { serveRateLimits } from '../../packages/cli/rate-limit-service/server.ts';
import { describeWithPeers } from './peer.ts';
import { startProgram, startRedis } from './program.ts';

/** One rate limit service on a real Redis, asked by our engine and by a real Envoy. */
const cleanup = cleanupAfterEach();

const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'tulle-limits-'));
  cleanup.push(() => rmSync(made, { recursive: true, force: true }));
  return made;
};

async function redis(): Promise<number> {
  const port = await freePort();
  const { stop } = await startRedis(port, folder());
  cleanup.push(stop);
  return port;
}

async function service(redisPort: number) {
  const client = new RespClient({ host: '127.0.0.1', port: redisPort, tls: false, database: 0 });
  const failures: string[] = [];
  const server = await serveRateLimits('127.0.0.1:0', new RedisCounters(client), ({ message }) =>
    failures.push(message),
  );
  cleanup.push(() => server.close());
  return { port: server.port, failures };
}

const rule = (name: string, quota: string) => [
  { kind: 'text' as const, key: 'limit', render: `default/p/${name}` },
  { kind: 'text' as const, key: 'quota', render: quota },
];

async function ourProxy(servicePort: number, appPort: number): Promise<number> {
  const filters = [
    {
      name: 'limit',
      typeUrl: rateLimitFilter.typeUrl,
      config: globalRateLimit({
        cluster: 'service',
        timeoutMs: 2_000,
        failureDeny: true,
        rateLimitHeaders: true,
        rules: [{ stage: 0, actions: rule('all', '7/3600') }],
      }),
    },
  ];
  const engine: Engine = await startEngine(
    tables({
      listeners: [
        listener('l', [httpChain(manager(routeTable([host([route(forward('app'))])]), { filters }))]),
      ],
      clusters: [
        cluster('app', [endpoint(appPort)]),
        cluster('service', [endpoint(servicePort)], { protocol: 'http2' }),
      ],
    }),
  );
  cleanup.push(() => engine.destroy());
  return portOf(engine, 'l');
}

async function envoy(servicePort: number, appPort: number): Promise<number> {
  const port = await freePort();
  const to = (name: string, target: number, more: object = {}): object => ({
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    load_assignment: {
      cluster_name: name,
      endpoints: [
        {
          lb_endpoints: [
            { endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: target } } } },
          ],
        },
      ],
    },
    ...more,
  });
  const http2 = {
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
  };
  const manager = {
    '@type':
      'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: 'l',
    route_config: {
      virtual_hosts: [
        { name: 'v', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'app' } }] },
      ],
    },
    http_filters: [
      {
        name: 'limit',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3.RateLimit',
          domain: 'tulle',
          timeout: '2s',
          failure_mode_deny: true,
          enable_x_ratelimit_headers: 'DRAFT_VERSION_03',
          rate_limit_service: {
            transport_api_version: 'V3',
            grpc_service: { envoy_grpc: { cluster_name: 'service' } },
          },
          rate_limits: [
            {
              actions: rule('all', '7/3600').map(({ key, render }) => ({
                generic_key: { descriptor_key: key, descriptor_value: render },
              })),
            },
          ],
        },
      },
      {
        name: 'router',
        typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
      },
    ],
  };
  const config = {
    static_resources: {
      clusters: [to('app', appPort), to('service', servicePort, http2)],
      listeners: [
        {
          name: 'l',
          address: { socket_address: { address: '127.0.0.1', port_value: port } },
          filter_chains: [{ filters: [{ name: 'http', typed_config: manager }] }],
        },
      ],
    },
  };
  const file = join(folder(), 'envoy.json');
  writeFileSync(file, JSON.stringify(config));
  const args = ['-c', file, '--use-dynamic-base-id'];
  const { stop } = await startProgram('envoy', args, 'starting main dispatch loop');
  cleanup.push(stop);
  return port;
}

const ask = (port: number): Promise<{ status: number; headers: Record<string, unknown> }> =>
  new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, agent: false }, (response) => {
      response.resume();
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers }));
    })
      .on('error', reject)
      .end();
  });

describeWithPeers('one limit for all proxies', ['envoy', 'redis-server'], () => {
  test('our engine and Envoy count together in Redis, and tell clients the same', async () => {
    const app = await named('app');
    cleanup.push(() => app.close());
    const { port, failures } = await service(await redis());
    const ours = await ourProxy(port, app.port);
    const theirs = await envoy(port, app.port);
    const answers = [];
    for (const proxy of [ours, theirs, ours, theirs, theirs, theirs, ours, ours, theirs])
      answers.push(await ask(proxy));
    expect(failures).toEqual([]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200, 200, 429, 429]);
    expect(app.count()).toBe(7);
    const told = answers.map(({ headers }) => [
      headers['x-ratelimit-limit'],
      headers['x-ratelimit-remaining'],
    ]);
    expect(told).toEqual([6, 5, 4, 3, 2, 1, 0, 0, 0].map((left) => ['7, 7;w=3600;name="all"', String(left)]));
    for (const { headers } of answers.slice(-2)) expect(headers['x-envoy-ratelimited']).toBe('true');
  });

  test('several services on one Redis are one; what it forgets begins anew', async () => {
    const app = await named('app');
    cleanup.push(() => app.close());
    const redisPort = await redis();
    const proxies = [];
    for (let i = 0; i < 2; i++) proxies.push(await ourProxy((await service(redisPort)).port, app.port));
    const statuses = [];
    for (let i = 0; i < 10; i++) statuses.push((await ask(proxies[i % 2] as number)).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 200, 429, 429, 429]);
    const client = new RespClient({ host: '127.0.0.1', port: redisPort, tls: false, database: 0 });
    cleanup.push(() => client.close());
    const [keys] = await client.pipeline([['KEYS', 'tulle:rate-limit:*']]);
    expect(keys).toHaveLength(1);
    const [ttl] = await client.pipeline([['TTL', (keys as string[])[0] as string]]);
    expect(ttl).toBeGreaterThan(3_500);
  });
});
