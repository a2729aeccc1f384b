import { status as grpcStatus, Server, ServerCredentials } from '@grpc/grpc-js';
import type { GlobalRateLimit } from '@tulle/decision/tables/rate-limit';
import { type Draft, decode, encode, type Messages } from '@tulle/xds/wire';
import { expect, test } from 'vitest';
import { named } from '../../testing/backend.ts';
import { cleanupAfterEach } from '../../testing/cleanup.ts';
import { ask } from '../../testing/client.ts';
import { portOf, startEngine } from '../../testing/engine.ts';
import { globalRateLimit } from '../../testing/limits.ts';
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
import { rateLimitFilter } from './filter.ts';

type Response = Draft<Messages['envoy.service.ratelimit.v3.RateLimitResponse']>;
type Request = Messages['envoy.service.ratelimit.v3.RateLimitRequest'];

const cleanup = cleanupAfterEach();

/** A rate limit service that answers by `decide`; undefined: never. */
async function service(decide: (request: Request) => Response | undefined | 'fail') {
  const requests: Request[] = [];
  const server = new Server();
  const asIs = (bytes: Buffer): Buffer => bytes;
  server.addService(
    {
      should: {
        path: '/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit',
        requestStream: false,
        responseStream: false,
        requestSerialize: asIs,
        requestDeserialize: asIs,
        responseSerialize: asIs,
        responseDeserialize: asIs,
      },
    },
    {
      should(
        call: { request: Buffer },
        done: (error: { code: number } | null, answer?: Buffer) => void,
      ): void {
        const request = decode('envoy.service.ratelimit.v3.RateLimitRequest', call.request);
        requests.push(request);
        const answer = decide(request);
        if (answer === 'fail') done({ code: grpcStatus.UNAVAILABLE });
        else if (answer !== undefined)
          done(null, Buffer.from(encode('envoy.service.ratelimit.v3.RateLimitResponse', answer)));
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  cleanup.push(() => server.forceShutdown());
  return { port, requests };
}

async function serve(servicePort: number | undefined, more: Partial<GlobalRateLimit> = {}) {
  const app = await named('app');
  cleanup.push(() => app.close());
  const config = globalRateLimit({
    timeoutMs: 60_000,
    rules: [
      {
        stage: 0,
        actions: [
          { kind: 'text', key: 'limit', render: 'n/p/l' },
          { kind: 'header', key: 'user', name: 'x-user', skipIfAbsent: false },
        ],
      },
    ],
    ...more,
  });
  const filters = [{ name: 'limit', typeUrl: rateLimitFilter.typeUrl, config }];
  const flags: string[] = [];
  const engine = await startEngine(
    tables({
      listeners: [
        listener('l', [httpChain(manager(routeTable([host([route(forward('a'))])]), { filters }))]),
      ],
      clusters: [
        cluster('a', [endpoint(app.port)]),
        ...(servicePort === undefined
          ? []
          : [cluster('service', [endpoint(servicePort)], { protocol: 'http2' })]),
      ],
    }),
    { observe: { httpLoggers: () => [(info) => flags.push(info.flags.join())] } },
  );
  cleanup.push(() => engine.destroy());
  return { app, flags, get: (headers = { 'x-user': 'ann' }) => ask(portOf(engine, 'l'), { headers }) };
}

const limit = { name: 'l', requestsPerUnit: 10, unit: 'MINUTE' } as const;

test('the service is asked by descriptors, and its word is passed on', async () => {
  const { port, requests } = await service(() => ({
    overallCode: 'OK',
    statuses: [
      { code: 'OK', currentLimit: limit, limitRemaining: 9, durationUntilReset: { seconds: 30, nanos: 5 } },
    ],
    requestHeadersToAdd: [{ key: 'x-counted', value: 'yes' }],
    responseHeadersToAdd: [{ key: 'x-told', value: 'too' }],
  }));
  const { get } = await serve(port, { rateLimitHeaders: true });
  const answer = await get();
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.body).headers['x-counted']).toBe('yes');
  expect(answer.headers).toMatchObject({
    'x-told': 'too',
    'x-ratelimit-limit': '10, 10;w=60;name="l"',
    'x-ratelimit-remaining': '9',
    'x-ratelimit-reset': '31',
  });
  expect(requests).toMatchObject([
    {
      domain: 'tulle',
      descriptors: [
        {
          entries: [
            { key: 'limit', value: 'n/p/l' },
            { key: 'user', value: 'ann' },
          ],
        },
      ],
    },
  ]);
});

test('over the limit: refused, flagged, and not sent on', async () => {
  const { port } = await service(() => ({ overallCode: 'OVER_LIMIT' }));
  const { get, app, flags } = await serve(port, { status: 503 });
  expect(await get()).toMatchObject({ status: 503, headers: { 'x-envoy-ratelimited': 'true' } });
  expect(app.count()).toBe(0);
  expect(flags).toEqual(['RL']);
});

test('over the limit, and only reported', async () => {
  const { port } = await service(() => ({ overallCode: 'OVER_LIMIT' }));
  const { get } = await serve(port, { enforced: 0 });
  expect((await get()).status).toBe(200);
});

test('a request that no rule counts is not asked about', async () => {
  const { port, requests } = await service(() => ({ overallCode: 'OVER_LIMIT' }));
  const { get } = await serve(port);
  expect((await get({} as never)).status).toBe(200);
  expect(requests).toEqual([]);
});

test.each([
  ['says nothing in time', async () => (await service(() => undefined)).port],
  ['fails', async () => (await service(() => 'fail')).port],
  ['does not know', async () => (await service(() => ({ overallCode: 'UNKNOWN' }))).port],
  ['is not there', async () => undefined],
])('a service that %s lets requests through, or refuses them', async (_, start) => {
  const port = await start();
  const open = await serve(port, { timeoutMs: 100 });
  expect((await open.get()).status).toBe(200);
  const closed = await serve(port, { timeoutMs: 100, failureDeny: true });
  expect((await closed.get()).status).toBe(500);
  expect(closed.flags).toEqual(['RLSE']);
  expect(closed.app.count()).toBe(0);
});
