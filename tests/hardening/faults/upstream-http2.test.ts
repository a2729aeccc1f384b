import { Flag, FrameType } from '@tulle/data-plane/http2/frames/frame';
import { Setting } from '@tulle/data-plane/http2/frames/settings';
import { block, data, frame, goaway, headers, rst, settings } from '@tulle/data-plane/http2/testing/frames';
import { cleanupAfterEach } from '@tulle/data-plane/testing/cleanup';
import { retry } from '@tulle/data-plane/testing/tables';
import { describe, expect, test } from 'vitest';
import { type FrameAnswer, frameBackend } from '../frame-backend.ts';
import { httpProxy, type ProxyShape, type Verdict } from '../proxy.ts';
import { answersIn, RawClient } from '../raw-client.ts';
import { expectNothingLeft } from './run.ts';

const cleanup = cleanupAfterEach();

interface Fault {
  readonly answer: FrameAnswer;
  /** It does not even say SETTINGS. */
  readonly mute?: true;
  readonly request?: string;
  readonly shape?: ProxyShape;
  /** What the client hears: a status, or `cut` in the middle of the answer. */
  readonly client: number | 'cut';
  readonly verdict: Verdict;
  /** Connections to the backend that are kept. */
  readonly kept: 0 | 1;
  /** The client reads nothing till the end. */
  readonly deaf?: true;
  /** What the proxy says of the stream in the end. */
  readonly said?: string;
}

const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const post = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello';
const halfPost = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello';

const ok = [[':status', '200']] as const;
const verdict = (status: number, flags: string, attempts = 1): Verdict => ({ status, flags, attempts });
const retries = (policy: Parameters<typeof retry>[0]): ProxyShape => ({ retry: retry(policy) });
const soon: ProxyShape = { timeoutMs: 300 };
/** Time enough for the part of the answer that comes. */
const later: ProxyShape = { timeoutMs: 1_000 };
const says =
  (...frames: readonly ((id: number) => Buffer)[]): FrameAnswer =>
  (connection, id) =>
    connection.send(...frames.map((make) => make(id)));
const firstOnly = (answer: FrameAnswer): FrameAnswer => {
  let asked = 0;
  return (connection, id) => (asked++ === 0 ? answer : good)(connection, id);
};
const good = says(
  (id) => headers(id, ok, false),
  (id) => data(id, 'ok', true),
);
const cancel = 8;
const refusedStream = 7;

/** The same over and over: the connection ends, and says why. */
function flooding(each: (turn: number, id: number) => Buffer, client: 502 | 'cut' = 502): Fault {
  return {
    answer: (connection, id) =>
      connection.send(...Array.from({ length: 3_000 }, (_, turn) => each(turn, id))),
    client,
    verdict: verdict(client === 'cut' ? 200 : 502, 'UPE'),
    kept: 0,
    said: 'GOAWAY 0 11',
  };
}

const faults: Readonly<Record<string, Fault>> = {
  'answers well': { answer: good, client: 200, verdict: verdict(200, ''), kept: 1 },
  'resets the stream before its head': {
    answer: says((id) => rst(id, cancel)),
    client: 503,
    verdict: verdict(503, 'UR'),
    kept: 1,
  },
  'resets the stream before its head, once': {
    answer: firstOnly(says((id) => rst(id, cancel))),
    shape: retries({ on: new Set(['reset']) }),
    request: post,
    client: 200,
    verdict: verdict(200, '', 2),
    kept: 1,
  },
  'refuses the stream': {
    answer: says((id) => rst(id, refusedStream)),
    client: 503,
    verdict: verdict(503, 'UR'),
    kept: 1,
  },
  'refuses the stream, with retries': {
    answer: says((id) => rst(id, refusedStream)),
    shape: retries({ on: new Set(['refused-stream']) }),
    client: 503,
    verdict: verdict(503, 'UR,URX', 3),
    kept: 1,
  },
  'closes before its head': {
    answer: ({ socket }) => socket.end(),
    client: 503,
    verdict: verdict(503, 'UC'),
    kept: 0,
  },
  'resets the connection before its head': {
    answer: ({ socket }) => socket.resetAndDestroy(),
    client: 503,
    verdict: verdict(503, 'UC'),
    kept: 0,
  },
  'resets the connection before its head, once': {
    answer: firstOnly(({ socket }) => socket.resetAndDestroy()),
    shape: retries({ on: new Set(['reset']) }),
    client: 200,
    verdict: verdict(200, '', 2),
    kept: 1,
  },
  'says half a head and closes': {
    answer: (connection, id) => {
      connection.send(frame(FrameType.Headers, 0, id, block(ok)));
      connection.socket.end();
    },
    client: 503,
    verdict: verdict(503, 'UC'),
    kept: 0,
  },
  'never answers': {
    answer: () => {},
    shape: soon,
    client: 504,
    verdict: verdict(504, 'UT'),
    kept: 1,
    said: 'RST_STREAM 1 8',
  },
  'never says SETTINGS': {
    answer: () => {},
    mute: true,
    shape: soon,
    client: 504,
    verdict: verdict(504, 'UT'),
    kept: 1,
  },
  'answers garbage': {
    answer: ({ socket }) => socket.write('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'),
    client: 502,
    verdict: verdict(502, 'UPE'),
    kept: 0,
    said: 'GOAWAY',
  },
  'answers a head that is none': {
    answer: says((id) => headers(id, [...ok, ['Connection', 'x']], true)),
    client: 502,
    verdict: verdict(502, 'UPE'),
    kept: 1,
    said: 'RST_STREAM 1 1',
  },
  'answers without a status': {
    answer: says((id) => headers(id, [['x', 'y']], true)),
    client: 502,
    verdict: verdict(502, 'UPE'),
    kept: 1,
    said: 'RST_STREAM 1 1',
  },
  'sends data before its head': {
    answer: says((id) => data(id, 'x', true)),
    client: 502,
    verdict: verdict(502, 'UPE'),
    kept: 1,
  },
  'sends interim responses without end': {
    answer: says(
      ...Array.from({ length: 50 }, () => (id: number) => headers(id, [[':status', '103']], false)),
    ),
    client: 502,
    verdict: verdict(502, 'UPE'),
    kept: 1,
  },
  'resets the stream amid its body': {
    answer: says(
      (id) => headers(id, ok, false),
      (id) => data(id, 'hello', false),
      (id) => rst(id, cancel),
    ),
    client: 'cut',
    verdict: verdict(200, 'UR'),
    kept: 1,
  },
  'closes amid its body': {
    answer: (connection, id) => {
      connection.send(headers(id, ok, false), data(id, 'hello', false));
      connection.socket.end();
    },
    client: 'cut',
    verdict: verdict(200, 'UC'),
    kept: 0,
  },
  'never ends its body': {
    answer: says(
      (id) => headers(id, ok, false),
      (id) => data(id, 'hello', false),
    ),
    shape: later,
    client: 'cut',
    verdict: verdict(200, 'UT'),
    kept: 1,
    said: 'RST_STREAM 1 8',
  },
  'sends more than its length says': {
    answer: says(
      (id) => headers(id, [...ok, ['content-length', '2']], false),
      (id) => data(id, 'hello', true),
    ),
    client: 'cut',
    verdict: verdict(200, 'UPE'),
    kept: 1,
  },
  'sends less than its length says': {
    answer: says(
      (id) => headers(id, [...ok, ['content-length', '10']], false),
      (id) => data(id, 'hello', true),
    ),
    client: 'cut',
    verdict: verdict(200, 'UPE'),
    kept: 1,
  },
  'answers twice': {
    answer: says(
      (id) => headers(id, ok, false),
      (id) => data(id, 'ok', true),
      (id) => headers(id, ok, true),
    ),
    client: 200,
    verdict: verdict(200, ''),
    kept: 0,
  },
  'answers before the request is complete, and wants no more of it': {
    answer: says(
      (id) => headers(id, [[':status', '413']], false),
      (id) => data(id, 'no', true),
      (id) => rst(id, 0),
    ),
    request: halfPost,
    client: 413,
    verdict: verdict(413, ''),
    kept: 1,
  },
  'goes away without having looked at it': {
    answer: (connection) => {
      connection.send(goaway(0, 0));
      connection.socket.end();
    },
    client: 503,
    verdict: verdict(503, 'UR'),
    kept: 0,
  },
  'goes away, and answers what it has': {
    answer: says(
      (id) => goaway(id, 0),
      (id) => headers(id, ok, false),
      (id) => data(id, 'ok', true),
    ),
    client: 200,
    verdict: verdict(200, ''),
    kept: 0,
  },
  'continues its head with something else': {
    answer: says(
      (id) => frame(FrameType.Headers, 0, id, block(ok)),
      (id) => data(id, 'x', true),
    ),
    client: 502,
    verdict: verdict(502, 'UPE'),
    kept: 0,
    said: 'GOAWAY',
  },
  'pings without end': flooding(() => frame(FrameType.Ping, 0, 0, Buffer.alloc(8))),
  'changes its settings without end': flooding(() => settings([Setting.InitialWindowSize, 1])),
  'continues a head without end': flooding((turn, id) =>
    turn === 0 ? frame(FrameType.Headers, 0, id, block(ok)) : frame(FrameType.Continuation, 0, id),
  ),
  'sends empty data without end': flooding(
    (turn, id) => (turn === 0 ? headers(id, ok, false) : data(id, '', false)),
    'cut',
  ),
  'sends more than its windows allow': {
    answer: says(
      (id) => headers(id, ok, false),
      ...Array.from({ length: 400 }, () => (id: number) => data(id, 'x'.repeat(16_000), false)),
    ),
    // The client reads nothing, so no window is given back.
    deaf: true,
    client: 'cut',
    verdict: verdict(200, 'UPE'),
    kept: 1,
    said: 'RST_STREAM 1 3',
  },
  'promises a push': {
    answer: says((id) => frame(FrameType.PushPromise, Flag.EndHeaders, id, Buffer.from([0, 0, 0, 2]))),
    client: 502,
    verdict: verdict(502, 'UPE'),
    kept: 0,
    said: 'GOAWAY',
  },
};

describe('an HTTP/2 backend that', () => {
  test.each(Object.entries(faults))('%s', async (_name, fault) => {
    const backend = await frameBackend(fault.answer, fault.mute === undefined);
    cleanup.push(() => backend.close());
    const proxy = await httpProxy(backend.port, {
      ...fault.shape,
      cluster: { protocol: 'http2', ...fault.shape?.cluster },
    });
    cleanup.push(() => proxy.close());
    const client = await RawClient.open(proxy.port);
    cleanup.push(() => client.close());

    if (fault.deaf) client.socket.pause();
    client.send(fault.request ?? get);
    if (fault.deaf) {
      await expect.poll(() => proxy.ended.length).toBe(1);
      client.socket.resume();
    }
    if (fault.client === 'cut') {
      await client.ended;
      expect(client.outcome).toBe('reset');
      expect(answersIn(client.text).answers).toEqual([]);
    } else {
      await client.until((text) => answersIn(text).answers.some((answer) => !answer.startsWith('1')));
      const finals = answersIn(client.text).answers.filter((answer) => !answer.startsWith('1'));
      expect(finals.map((answer) => Number(answer.slice(0, 3)))).toEqual([fault.client]);
    }
    await expect.poll(() => proxy.ended).toEqual([fault.verdict]);
    const { said } = fault;
    if (said !== undefined)
      await expect.poll(() => backend.connections[0]?.heard.some((line) => line.startsWith(said))).toBe(true);
    await expectNothingLeft(proxy, backend, client, fault.kept);
  });
});
