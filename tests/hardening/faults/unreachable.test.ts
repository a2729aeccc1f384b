import { cleanupAfterEach } from '@tulle/data-plane/testing/cleanup';
import { retry } from '@tulle/data-plane/testing/tables';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Blackhole, blackhole } from '../blackhole.ts';
import { census } from '../census.ts';
import { httpProxy, type ProxyShape, tcpProxy, type Verdict } from '../proxy.ts';
import { answersIn, RawClient } from '../raw-client.ts';
import { expectNothingLeft } from './run.ts';

let hole: Blackhole;
beforeAll(async () => {
  hole = await blackhole();
});
afterAll(() => hole.close());
const cleanup = cleanupAfterEach();

const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
/** An attempt that nobody waits for any more goes on till then, and its connection would be kept: as Envoy. */
const timeout = { connectTimeoutMs: 200 };
const again = { retry: retry({ on: new Set(['connect-failure']) }) };

const answered: readonly (readonly [name: string, shape: ProxyShape, status: number, verdict: Verdict])[] = [
  ['HTTP/1.1', { cluster: timeout }, 503, { status: 503, flags: 'UF', attempts: 1 }],
  ['HTTP/2', { cluster: { ...timeout, protocol: 'http2' } }, 503, { status: 503, flags: 'UF', attempts: 1 }],
  [
    'HTTP/1.1, with retries',
    { cluster: timeout, ...again },
    503,
    { status: 503, flags: 'UF,URX', attempts: 3 },
  ],
  ['the route, sooner', { cluster: timeout, timeoutMs: 60 }, 504, { status: 504, flags: 'UT', attempts: 1 }],
];

test.each(answered)('a backend that does not accept: %s', async (_name, shape, status, verdict) => {
  const proxy = await httpProxy(hole.port, shape);
  cleanup.push(() => proxy.close());
  const client = await RawClient.open(proxy.port);
  cleanup.push(() => client.close());
  client.send(get);
  await client.until((text) => answersIn(text).answers.length > 0);
  expect(answersIn(client.text).answers[0]?.slice(0, 3)).toBe(String(status));
  await expect.poll(() => proxy.ended).toEqual([verdict]);
  await expectNothingLeft(proxy, undefined, client, 0);
});

test('a client that leaves while its backend does not accept', async () => {
  const proxy = await httpProxy(hole.port, { cluster: timeout });
  cleanup.push(() => proxy.close());
  const client = await RawClient.open(proxy.port);
  client.send(get);
  await expect.poll(() => census(proxy.engine).activeRequests).toBe(1);
  client.socket.resetAndDestroy();
  await expect.poll(() => proxy.ended).toEqual([{ status: 0, flags: 'DC', attempts: 1 }]);
  await expectNothingLeft(proxy, undefined, client, 0);
});

test.each([
  [1, 'UF'],
  [3, 'UF,URX'],
])('TCP to a backend that does not accept, %i times', async (maxConnectAttempts, flags) => {
  const proxy = await tcpProxy(hole.port, { maxConnectAttempts }, { cluster: timeout });
  cleanup.push(() => proxy.close());
  const client = await RawClient.open(proxy.port);
  await client.ended;
  await expect.poll(() => proxy.ended).toEqual([{ status: 0, flags, attempts: maxConnectAttempts }]);
  await expectNothingLeft(proxy, undefined, client, 0);
});
