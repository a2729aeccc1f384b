import { Headers } from '@tulle/decision/headers';
import { expect, test } from 'vitest';
import type { ResponseHead } from '../../http/stream.ts';
import { turn } from '../testing/scripted-socket.fixture.ts';
import { echo, response, type Served, ServerHarness } from './harness.fixture.ts';

const get = 'GET /a?b=c HTTP/1.1\r\nHost: x.y:80\r\nX-Kept: One\r\n\r\n';

type Answer = (served: Served) => void;

/** Sends `head`, then each chunk, the last one as the end; without chunks the head is the end. */
function answering(head: ResponseHead, ...chunks: string[]): Answer {
  return ({ stream }) => {
    stream.sendHead(head, chunks.length === 0);
    chunks.forEach((chunk, index) => {
      stream.sendData(Buffer.from(chunk), index === chunks.length - 1);
    });
  };
}

function withTrailers({ stream }: Served): void {
  stream.sendHead(response(200), false);
  stream.sendData(Buffer.from('x'), false);
  stream.sendTrailers(Headers.of({ 'X-Sum': '1' }));
}

const head = get.replace('GET', 'HEAD');
const old = 'GET / HTTP/1.0\r\n\r\n';
const oldKept = 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n';
const closing = get.replace('X-Kept: One', 'Connection: close');
const length3 = { 'Content-Length': '3' };
const unclean = { 'X-A': 'a\r\nSet-Cookie: b', 'X B': '\u010a' };

const framings: [name: string, request: string, answer: Answer, sent: string][] = [
  [
    'no length: chunks',
    get,
    answering(response(200), 'hello', ' you'),
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n4\r\n you\r\n0\r\n\r\n',
  ],
  [
    'an end without data',
    get,
    answering(response(200), ''),
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  [
    'trailers',
    get,
    withTrailers,
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Sum: 1\r\n\r\n',
  ],
  ['no body', get, answering(response(200)), 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
  [
    'a length',
    get,
    answering(response(200, length3), 'abc'),
    'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc',
  ],
  ['204', get, answering(response(204, length3)), 'HTTP/1.1 204 No Content\r\n\r\n'],
  [
    '304 keeps its length',
    get,
    answering(response(304, length3)),
    'HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n',
  ],
  [
    'HEAD keeps its length',
    head,
    answering(response(200, length3)),
    'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n',
  ],
  ['HEAD never has a body', head, answering(response(200), 'x'), 'HTTP/1.1 200 OK\r\n\r\n'],
  [
    'to HTTP/1.0 until the close',
    oldKept,
    answering(response(200), 'x'),
    'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nx',
  ],
  [
    'to HTTP/1.0 kept',
    oldKept,
    answering(response(200)),
    'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n',
  ],
  [
    'to HTTP/1.0',
    old,
    answering(response(200)),
    'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
  ],
  [
    'close asked for',
    closing,
    answering(response(200)),
    'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
  ],
  [
    'a field that would start a line of its own',
    get,
    answering(response(200, unclean)),
    'HTTP/1.1 200 OK\r\nX-A: a??Set-Cookie: b\r\nX_B: \xc4\x8a\r\nContent-Length: 0\r\n\r\n',
  ],
  [
    "the upstream's reason",
    get,
    answering({ ...response(299), reason: 'Fine' }),
    'HTTP/1.1 299 Fine\r\nContent-Length: 0\r\n\r\n',
  ],
];

test.each(framings)('%s is framed as it must', async (_name, request, answer, sent) => {
  const harness = new ServerHarness((served) => {
    if (served.recorder.ended) answer(served);
  });
  harness.socket.deliver(request);
  await turn();
  expect(harness.socket.sent).toBe(sent);
  expect(harness.socket.writableEnded).toBe(sent.includes('Connection: close'));
});

test('a response that contradicts its length is cut, so that the client sees it', async () => {
  for (const [sent, end] of [
    ['abcd', false],
    ['ab', true],
  ] as const) {
    const harness = new ServerHarness();
    harness.socket.deliver(get);
    await turn();
    const { stream } = harness.requests[0] as Served;
    stream.sendHead(response(200, { 'Content-Length': '3' }), false);
    stream.sendData(Buffer.from(sent), end);
    await turn();
    expect(harness.socket.destroyed).toBe(true);
  }
});

test('Expect passes: 100 goes to the client, then the body comes', async () => {
  const harness = new ServerHarness(echo);
  harness.socket.deliver('PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n');
  await turn();
  const { stream, head } = harness.requests[0] as Served;
  expect(head.headers.get('expect')).toBe('100-continue');
  stream.sendInformational(response(100));
  await turn();
  expect(harness.socket.sent).toBe('HTTP/1.1 100 Continue\r\n\r\n');
  harness.socket.deliver('ok');
  await turn();
  expect(harness.socket.sent).toMatch(/expect=100-continue&content-length=2 ok$/);
  expect(harness.socket.writableEnded).toBe(false);
});

test('a final answer to an announced body closes: whether it comes is unknown', async () => {
  const harness = new ServerHarness();
  harness.socket.deliver('PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n');
  await turn();
  harness.requests[0]?.stream.sendHead(response(417), true);
  await turn();
  expect(harness.socket.sent).toContain('Connection: close');
});

test('an early answer: the rest of the request is read and forgotten, and the next is served', async () => {
  const harness = new ServerHarness();
  harness.socket.deliver('PUT /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234');
  await turn();
  const { stream, recorder } = harness.requests[0] as Served;
  stream.sendHead(response(403), true);
  await turn();
  harness.socket.deliver(`56789${get}`);
  await turn();
  expect(recorder.body).toBe('01234');
  expect(harness.requests[1]?.head.path).toBe('/a?b=c');
});

test('an early answer to a long request closes, after the answer was read', async () => {
  const harness = new ServerHarness(() => {}, { maxDiscardBytes: 1_000 });
  harness.socket.deliver('PUT /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n');
  await turn();
  harness.requests[0]?.stream.sendHead(response(413), true);
  harness.socket.deliver('x'.repeat(5_000));
  await turn();
  expect(harness.socket.writableEnded).toBe(true);
  expect(harness.socket.destroyed).toBe(false);
  harness.socket.deliver('x'.repeat(5_000));
  harness.socket.deliverEnd();
  await turn();
  expect(harness.closed).toBe(true);
});
