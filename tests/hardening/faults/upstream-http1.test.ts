import { cleanupAfterEach } from '@tulle/data-plane/testing/cleanup';
import { retry } from '@tulle/data-plane/testing/tables';
import { describe, expect, test } from 'vitest';
import { httpProxy, type ProxyShape, type Verdict } from '../proxy.ts';
import { type Answer, echo, type RawConnection, rawBackend } from '../raw-backend.ts';
import { answersIn, RawClient } from '../raw-client.ts';
import { expectNothingLeft } from './run.ts';

const cleanup = cleanupAfterEach();

interface Fault {
  /** On a connection that is new. */
  readonly connected?: (connection: RawConnection) => void;
  /** On a whole request. */
  readonly answer?: Answer;
  /** Nobody listens. */
  readonly refuses?: true;
  readonly request?: string;
  readonly shape?: ProxyShape;
  /** What the client hears: a status, or `cut` in the middle of the answer. */
  readonly client: number | 'cut';
  readonly verdict: Verdict;
  /** As good: where it is a race whether the connection was there before it was reset. */
  readonly orElse?: Verdict;
  /** Connections to the backend that are kept. */
  readonly kept?: number;
}

const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const post = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello';
const halfPost = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello';

const end = ({ socket }: RawConnection): unknown => socket.end();
const reset = ({ socket }: RawConnection): unknown => socket.resetAndDestroy();
const says =
  (text: string, then: (connection: RawConnection) => unknown = () => {}): Answer =>
  (_request, connection) => {
    connection.socket.write(text, () => then(connection));
  };
const onRequest =
  (then: (connection: RawConnection) => unknown): Answer =>
  (_request, connection) => {
    then(connection);
  };
/** Answers the first requests so, and the others well. */
const firstOnly = (count: number, answer: Answer): Answer => {
  let asked = 0;
  return (request, connection) => (asked++ < count ? answer : echo)(request, connection);
};

const halfHead = 'HTTP/1.1 200 OK\r\nContent-Le';
const halfBody = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello';
const verdict = (status: number, flags: string, attempts = 1): Verdict => ({ status, flags, attempts });
const retries = (policy: Parameters<typeof retry>[0]): ProxyShape => ({ retry: retry(policy) });
const resets = retries({ on: new Set(['reset']) });
const soon: ProxyShape = { timeoutMs: 300 };
/** Time enough for the part of the answer that comes. */
const later: ProxyShape = { timeoutMs: 1_000 };

const faults: Readonly<Record<string, Fault>> = {
  refuses: { refuses: true, client: 503, verdict: verdict(503, 'UF') },
  'refuses, with retries': {
    refuses: true,
    shape: retries({ on: new Set(['connect-failure']) }),
    client: 503,
    verdict: verdict(503, 'UF,URX', 3),
  },
  'closes at once': { connected: end, client: 503, verdict: verdict(503, 'UC') },
  'resets at once': {
    connected: reset,
    client: 503,
    verdict: verdict(503, 'UC'),
    orElse: verdict(503, 'UF'),
  },
  'resets at once, with retries': {
    connected: reset,
    shape: retries({ on: new Set(['reset', 'connect-failure']) }),
    client: 503,
    verdict: verdict(503, 'UC,URX', 3),
    orElse: verdict(503, 'UF,URX', 3),
  },
  'closes before its head': { answer: onRequest(end), client: 503, verdict: verdict(503, 'UC') },
  'resets before its head': { answer: onRequest(reset), client: 503, verdict: verdict(503, 'UC') },
  'resets before its head, retried for connect failures only': {
    answer: onRequest(reset),
    shape: retries({ on: new Set(['connect-failure']) }),
    client: 503,
    verdict: verdict(503, 'UC'),
  },
  'resets before its head, once': {
    answer: firstOnly(1, onRequest(reset)),
    shape: resets,
    client: 200,
    verdict: verdict(200, '', 2),
    kept: 1,
  },
  'resets a POST before its head, once': {
    answer: firstOnly(1, onRequest(reset)),
    request: post,
    shape: resets,
    client: 200,
    verdict: verdict(200, '', 2),
    kept: 1,
  },
  'closes amid its head': { answer: says(halfHead, end), client: 503, verdict: verdict(503, 'UC') },
  'resets amid its head': { answer: says(halfHead, reset), client: 503, verdict: verdict(503, 'UC') },
  'never answers': { answer: () => {}, shape: soon, client: 504, verdict: verdict(504, 'UT') },
  'never ends its head': { answer: says(halfHead), shape: soon, client: 504, verdict: verdict(504, 'UT') },
  'never answers, try by try': {
    answer: () => {},
    shape: retries({ on: new Set(['5xx']), perTryTimeoutMs: 200 }),
    client: 504,
    verdict: verdict(504, 'UT,URX', 3),
  },
  'never answers, once': {
    answer: firstOnly(1, () => {}),
    shape: retries({ on: new Set(['5xx']), perTryTimeoutMs: 1_000 }),
    client: 200,
    verdict: verdict(200, '', 2),
    kept: 1,
  },
  'says nothing for as long as a stream may be idle': {
    answer: () => {},
    shape: { manager: { streamIdleTimeoutMs: 300 } },
    client: 408,
    verdict: verdict(408, 'SI'),
  },
  'answers garbage': { answer: says('SSH-2.0-x\r\n\r\n'), client: 502, verdict: verdict(502, 'UPE') },
  'answers garbage, with retries': {
    answer: says('SSH-2.0-x\r\n\r\n'),
    shape: resets,
    client: 502,
    verdict: verdict(502, 'UPE,URX', 3),
  },
  'answers two ways at once': {
    answer: says('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
    client: 502,
    verdict: verdict(502, 'UPE'),
  },
  'closes amid its body': { answer: says(halfBody, end), client: 'cut', verdict: verdict(200, 'UC') },
  'resets amid its body': { answer: says(halfBody, reset), client: 'cut', verdict: verdict(200, 'UC') },
  'resets amid its body: no retry, for the client has a part': {
    answer: says(halfBody, reset),
    shape: resets,
    client: 'cut',
    verdict: verdict(200, 'UC'),
  },
  'never ends its body': { answer: says(halfBody), shape: later, client: 'cut', verdict: verdict(200, 'UT') },
  'says nothing more amid its body': {
    answer: says(halfBody),
    shape: { manager: { streamIdleTimeoutMs: 1_000 } },
    client: 'cut',
    verdict: verdict(200, 'SI'),
  },
  'breaks its chunks': {
    answer: says('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nx\r\n'),
    client: 'cut',
    verdict: verdict(200, 'UPE'),
  },
  'answers twice': {
    answer: says(
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno',
    ),
    client: 200,
    verdict: verdict(200, ''),
  },
  'answers and closes': {
    answer: says('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', end),
    client: 200,
    verdict: verdict(200, ''),
  },
  'answers before the request is complete': {
    connected: ({ socket }) =>
      socket.once('data', () => socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno')),
    request: halfPost,
    client: 413,
    verdict: verdict(413, ''),
  },
  'resets while the request is sent': {
    connected: ({ socket }) => socket.once('data', () => socket.resetAndDestroy()),
    request: halfPost,
    client: 503,
    verdict: verdict(503, 'UC'),
  },
  'resets while the request is sent, with retries: what has come is sent again': {
    connected: ({ socket }) => socket.once('data', () => socket.resetAndDestroy()),
    request: halfPost,
    shape: resets,
    client: 503,
    verdict: verdict(503, 'UC,URX', 3),
  },
  'answers 503': {
    answer: says('HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n'),
    client: 503,
    verdict: verdict(503, ''),
    kept: 1,
  },
  'answers 503, with retries': {
    answer: says('HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n'),
    shape: retries({ on: new Set(['5xx']) }),
    client: 503,
    verdict: verdict(503, 'URX', 3),
    kept: 1,
  },
  'answers 503, once': {
    answer: firstOnly(1, says('HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n')),
    shape: retries({ on: new Set(['5xx']) }),
    client: 200,
    verdict: verdict(200, '', 2),
    kept: 1,
  },
};

describe('an HTTP/1.1 backend that', () => {
  test.each(Object.entries(faults))('%s', async (_name, fault) => {
    const backend = await rawBackend(fault.answer, fault.connected);
    cleanup.push(() => backend.close());
    if (fault.refuses) await backend.close();
    const proxy = await httpProxy(backend.port, fault.shape);
    cleanup.push(() => proxy.close());
    const client = await RawClient.open(proxy.port);
    cleanup.push(() => client.close());

    client.send(fault.request ?? get);
    if (fault.client === 'cut') {
      await client.ended;
      expect(client.outcome).toBe('reset');
      expect(answersIn(client.text).answers).toEqual([]);
    } else {
      await client.until((text) => answersIn(text).answers.length > 0);
      expect(answersIn(client.text).answers.map((answer) => Number(answer.slice(0, 3)))).toEqual([
        fault.client,
      ]);
    }
    await expect.poll(() => proxy.ended.length).toBe(1);
    expect([fault.verdict, fault.orElse]).toContainEqual(proxy.ended[0]);
    await expectNothingLeft(proxy, fault.refuses ? undefined : backend, client, fault.kept ?? 0);
  });

  // Two requests on one connection; the backend closes when the second comes, as if it had closed while idle.
  test.each([
    ['GET', get, 200, verdict(200, '', 2)],
    ['POST', post, 503, verdict(503, 'UC')],
  ])('closes a kept connection under a %s', async (_method, request, status, expected) => {
    const backend = await rawBackend((asked, connection) => {
      if (connection.requests.length > 1) reset(connection);
      else echo(asked, connection);
    });
    cleanup.push(() => backend.close());
    const proxy = await httpProxy(backend.port);
    cleanup.push(() => proxy.close());
    const client = await RawClient.open(proxy.port);
    cleanup.push(() => client.close());
    client.send(get);
    await client.until((text) => answersIn(text).answers.length > 0);
    client.send(request);
    await client.until((text) => answersIn(text).answers.length > 1);
    expect(answersIn(client.text).answers[1]?.slice(0, 3)).toBe(String(status));
    await expect.poll(() => proxy.ended).toEqual([verdict(200, ''), expected]);
    await expectNothingLeft(proxy, backend, client, status === 200 ? 1 : 0);
  });
});
