import { once } from 'node:events';
import { cleanupAfterEach } from '@tulle/data-plane/testing/cleanup';
import { retry } from '@tulle/data-plane/testing/tables';
import { describe, expect, test } from 'vitest';
import { census } from '../census.ts';
import { type Hardened, httpProxy, type ProxyShape, type Verdict } from '../proxy.ts';
import { type Answer, type RawBackend, rawBackend } from '../raw-backend.ts';
import { RawClient } from '../raw-client.ts';
import { expectNothingLeft } from './run.ts';

const cleanup = cleanupAfterEach();

interface Leaving {
  readonly sends: string;
  readonly answer?: Answer;
  readonly shape?: ProxyShape;
  /** It leaves when this holds. */
  readonly when: (parts: {
    readonly proxy: Hardened;
    readonly backend: RawBackend;
    readonly client: RawClient;
  }) => boolean;
  /** It reads nothing of the answer. */
  readonly deaf?: true;
  /** Undefined: no request had begun. */
  readonly verdict?: Verdict;
}

const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const post = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello';
const left = (status: number): Verdict => ({ status, flags: 'DC', attempts: 1 });
const says =
  (text: string): Answer =>
  (_request, { socket }) => {
    socket.write(text);
  };
const accepted = ({ proxy }: { readonly proxy: Hardened }): boolean => census(proxy.engine).downstream === 1;
const asked = ({ backend }: { readonly backend: RawBackend }): boolean => backend.requests.length > 0;

const points: Readonly<Record<string, Leaving>> = {
  'before it says anything': { sends: '', when: accepted },
  'amid its head': { sends: 'GET / HTTP/1.1\r\nHo', when: accepted },
  'amid its body': {
    sends: post,
    when: ({ backend }) => backend.connections[0]?.partial.endsWith('hello') === true,
    verdict: left(0),
  },
  'amid a chunk': {
    sends: 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\na\r\nhello',
    when: ({ backend }) => backend.connections[0]?.partial.includes('hello') === true,
    verdict: left(0),
  },
  'while it waits for the answer': { sends: get, answer: () => {}, when: asked, verdict: left(0) },
  'with another request in the queue': { sends: get + get, answer: () => {}, when: asked, verdict: left(0) },
  'after an interim response': {
    sends: get,
    answer: says('HTTP/1.1 103 Early Hints\r\n\r\n'),
    when: ({ client }) => client.text.includes('103'),
    verdict: left(0),
  },
  'amid the answer': {
    sends: get,
    answer: says('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello'),
    when: ({ client }) => client.text.endsWith('hello'),
    verdict: left(200),
  },
  'without having read the answer': {
    sends: get,
    answer: says(`HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n${'x'.repeat(20_000_000)}`),
    deaf: true,
    when: ({ proxy }) => proxy.engine.clusters.get('backend')?.endpoints[0]?.counters.requestsSucceeded === 1,
    verdict: left(200),
  },
  'while the next try is waited for': {
    sends: get,
    answer: says('HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n'),
    shape: { retry: retry({ on: new Set(['5xx']), backoffBaseMs: 60_000, backoffMaxMs: 60_000 }) },
    when: ({ proxy }) => proxy.engine.clusters.get('backend')?.breakers.default.retries.value === 1,
    verdict: left(0),
  },
  'when all is said': {
    sends: get,
    answer: says('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
    when: ({ client }) => client.text.endsWith('ok'),
    verdict: { status: 200, flags: '', attempts: 1 },
  },
};

/** A connection whose request came to its end cleanly stays with the pool. */
const keeps: ReadonlySet<string> = new Set(['while the next try is waited for', 'when all is said']);

describe.each(['a FIN', 'a reset'] as const)('a client that leaves by %s', (how) => {
  test.each(Object.entries(points))('%s', async (name, point) => {
    const backend = await rawBackend(point.answer);
    cleanup.push(() => backend.close());
    const proxy = await httpProxy(backend.port, point.shape);
    cleanup.push(() => proxy.close());
    const client = await RawClient.open(proxy.port);
    cleanup.push(() => client.close());

    if (point.deaf) client.socket.pause();
    client.send(point.sends);
    await expect.poll(() => point.when({ proxy, backend, client })).toBe(true);
    if (how === 'a FIN') client.socket.end();
    else client.socket.resetAndDestroy();
    if (how === 'a FIN' && !point.deaf) await client.ended;
    // One that does not read does not see our end either, and then goes for good.
    if (point.deaf && how === 'a FIN') {
      await once(client.socket, 'finish');
      client.socket.destroy();
    }

    await expect.poll(() => proxy.ended).toEqual(point.verdict === undefined ? [] : [point.verdict]);
    await expectNothingLeft(proxy, backend, client, keeps.has(name) ? 1 : 0);
  });
});
