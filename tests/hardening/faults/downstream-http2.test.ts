import { data, get, goaway, headers, post, rst } from '@tulle/data-plane/http2/testing/frames';
import { cleanupAfterEach } from '@tulle/data-plane/testing/cleanup';
import { retry } from '@tulle/data-plane/testing/tables';
import { describe, expect, test } from 'vitest';
import { census } from '../census.ts';
import { FrameClient } from '../frame-client.ts';
import { type Hardened, httpProxy, type ProxyShape, type Verdict } from '../proxy.ts';
import { type Answer, type RawBackend, rawBackend } from '../raw-backend.ts';
import { expectNothingLeft } from './run.ts';

const cleanup = cleanupAfterEach();

interface Leaving {
  readonly sends: readonly Buffer[];
  readonly answer?: Answer;
  readonly shape?: ProxyShape;
  /** It leaves when this holds. */
  readonly when: (parts: {
    readonly proxy: Hardened;
    readonly backend: RawBackend;
    readonly client: FrameClient;
  }) => boolean;
  readonly verdict: Verdict;
  /** Connections to the backend that are kept. */
  readonly kept?: 1;
}

const left = (status: number): Verdict => ({ status, flags: 'DC', attempts: 1 });
const says =
  (text: string): Answer =>
  (_request, { socket }) => {
    socket.write(text);
  };
const asked = ({ backend }: { readonly backend: RawBackend }): boolean => backend.requests.length > 0;

const points: Readonly<Record<string, Leaving>> = {
  'amid its body': {
    sends: [headers(1, post, false), data(1, 'hello', false)],
    when: ({ backend }) => backend.connections[0]?.partial.includes('hello') === true,
    verdict: left(0),
  },
  'while it waits for the answer': {
    sends: [headers(1, get, true)],
    answer: () => {},
    when: asked,
    verdict: left(0),
  },
  'amid the answer': {
    sends: [headers(1, get, true)],
    answer: says('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello'),
    when: ({ client }) => client.heard.some((line) => line.startsWith('DATA 1')),
    verdict: left(200),
  },
  'with an answer that waits for a window': {
    sends: [headers(1, get, true)],
    answer: says(`HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(500_000)}`),
    when: ({ proxy }) => proxy.engine.clusters.get('backend')?.endpoints[0]?.counters.requestsSucceeded === 1,
    verdict: left(200),
  },
  'while the next try is waited for': {
    sends: [headers(1, get, true)],
    answer: says('HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n'),
    shape: { retry: retry({ on: new Set(['5xx']), backoffBaseMs: 60_000, backoffMaxMs: 60_000 }) },
    when: ({ proxy }) => proxy.engine.clusters.get('backend')?.breakers.default.retries.value === 1,
    verdict: left(0),
    kept: 1,
  },
};

const leaves: Readonly<Record<string, (client: FrameClient) => void>> = {
  RST_STREAM: (client) => client.send(rst(1, 8)),
  'a FIN': (client) => client.raw.socket.end(),
  'a reset': (client) => client.raw.socket.resetAndDestroy(),
  'GOAWAY and a FIN': (client) => {
    client.send(goaway(0, 0));
    client.raw.socket.end();
  },
};

describe.each(Object.entries(leaves))('an HTTP/2 client that leaves by %s', (how, leave) => {
  test.each(Object.entries(points))('%s', async (_name, point) => {
    const backend = await rawBackend(point.answer);
    cleanup.push(() => backend.close());
    const proxy = await httpProxy(backend.port, point.shape);
    cleanup.push(() => proxy.close());
    const client = await FrameClient.open(proxy.port, ...point.sends);
    cleanup.push(() => client.raw.close());
    await expect.poll(() => point.when({ proxy, backend, client })).toBe(true);

    leave(client);
    await expect.poll(() => proxy.ended).toEqual([point.verdict]);
    if (how === 'RST_STREAM') {
      // The connection lives on, and serves.
      expect(census(proxy.engine).downstream).toBe(1);
      client.send(
        headers(
          3,
          [
            [':method', 'GET'],
            [':scheme', 'http'],
            [':path', '/'],
            [':authority', 'nobody'],
          ],
          true,
        ),
        rst(3, 8),
      );
    }
    await expectNothingLeft(
      proxy,
      backend,
      client.raw,
      how === 'RST_STREAM' ? census(proxy.engine).upstream : (point.kept ?? 0),
    );
  });
});
