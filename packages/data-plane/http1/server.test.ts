import type { Socket } from 'node:net';
import { Headers } from '@tulle/decision/headers';
import { expect, test } from 'vitest';
import type { ResponseHead } from '../http/stream.ts';
import { type ScriptedSocket, turn } from './scripted-socket.fixture.ts';
import { echo, response, type Served, ServerHarness } from './server-harness.fixture.ts';

const get = 'GET /a?b=c HTTP/1.1\r\nHost: x.y:80\r\nX-Kept: One\r\n\r\n';

/** Well-formed requests, and what `echo` must say of each. */
const understood: [name: string, bytes: string, seen: string][] = [
  ['a plain request', get, 'GET x.y:80 /a?b=c x-kept=One '],
  [
    'a length',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello',
    'POST a / content-length=5 hello',
  ],
  ['length 0', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n', 'POST a / content-length=0 '],
  [
    'chunks',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n6;x=y;z="q\\"";w\r\n world\r\n0\r\n\r\n',
    'POST a /  hello world',
  ],
  [
    'trailers',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n000\r\nX-Sum: 1\r\nY: 2\r\n\r\n',
    'POST a /  0123456789 x-sum,1&y,2',
  ],
  ['absolute form rules over Host', 'GET http://b:8080/p?q HTTP/1.1\r\nHost: a\r\n\r\n', 'GET b:8080 /p?q  '],
  ['absolute form without a path', 'GET HTTP://b HTTP/1.1\r\nHost: a\r\n\r\n', 'GET b /  '],
  ['absolute form with only a query', 'GET http://b?q HTTP/1.1\r\nHost: a\r\n\r\n', 'GET b /?q  '],
  ['OPTIONS *', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', 'OPTIONS a *  '],
  ['OPTIONS absolute', 'OPTIONS http://b:1 HTTP/1.1\r\nHost: a\r\n\r\n', 'OPTIONS b:1 *  '],
  ['IPv6 Host', 'GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n', 'GET [::1]:80 /  '],
  [
    'hop-by-hop fields dropped',
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\nTE: gzip\r\nX-End: 2\r\n\r\n',
    'GET a / x-end=2 ',
  ],
  [
    'Connection named before and after',
    'GET / HTTP/1.1\r\nHost: a\r\nX-Hop: 1\r\nConnection: x-hop\r\nx-HOP: 2\r\n\r\n',
    'GET a /  ',
  ],
  [
    'TE: trailers kept',
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: TE\r\nTE: trailers\r\n\r\n',
    'GET a / te=trailers ',
  ],
  [
    'values trimmed, kept inside',
    'GET / HTTP/1.1\r\nHost: \t a \r\nX:\t a\tb  c \t\r\nEmpty:\r\nHigh: \xe9\r\n\r\n',
    'GET a / x=a\tb  c&empty=&high=\xe9 ',
  ],
  ['empty lines before', `\r\n\r\n${get}`, 'GET x.y:80 /a?b=c x-kept=One '],
  [
    'h2c is not offered on',
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n',
    'GET a /  ',
  ],
  ["a method of one's own", 'PURGE /x HTTP/1.1\r\nHost: a\r\n\r\n', 'PURGE a /x  '],
];

test.each(understood)('%s is understood, whole and byte by byte', async (_name, bytes, seen) => {
  for (const size of [bytes.length, 7, 2, 1]) {
    const harness = new ServerHarness(echo);
    await harness.socket.deliverInPieces(bytes, size);
    await turn();
    expect(harness.problems).toEqual([]);
    expect(harness.socket.sent.split('\r\n\r\n')[1]).toBe(seen);
    harness.socket.destroy();
  }
});

test('the spelling of names is kept beside their lower case', async () => {
  const harness = new ServerHarness(echo);
  harness.socket.deliver('GET / HTTP/1.1\r\nhOST: a\r\nX-ReQuest-ID: 1\r\n\r\n');
  await turn();
  expect(harness.requests[0]?.head.headers.spelledAt(0)).toBe('X-ReQuest-ID');
  expect(harness.requests[0]?.head.headers.nameAt(0)).toBe('x-request-id');
});

test('pipelined requests are answered in order, however late the first answer comes', async () => {
  const served: Served[] = [];
  const harness = new ServerHarness((request) => {
    if (request.recorder.ended) served.push(request);
  });
  const bytes = ['/1', '/2', '/3'].map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join('');
  for (const piece of [bytes.slice(0, 70), bytes.slice(70)]) harness.socket.deliver(piece);
  await turn();
  for (let count = 1; count <= 3; count++) {
    expect(served).toHaveLength(count);
    const { stream, head } = served[count - 1] as Served;
    stream.sendHead(response(200, { 'x-path': head.path }), true);
    await turn();
  }
  expect([...harness.socket.sent.matchAll(/x-path: (\S+)/g)].map((match) => match[1])).toEqual([
    '/1',
    '/2',
    '/3',
  ]);
});

test('answers of one turn leave in one write', async () => {
  const harness = new ServerHarness(echo);
  harness.socket.deliver(get.repeat(5));
  await turn();
  expect(harness.socket.sent.match(/HTTP\/1\.1 200/g)).toHaveLength(5);
  expect(harness.socket.writes).toBe(1);
});

test('a late call for an exchange that is over writes nothing into the next', async () => {
  const harness = new ServerHarness();
  harness.socket.deliver(get + get);
  await turn();
  const first = harness.requests[0] as Served;
  first.stream.sendHead(response(204), true);
  await turn();
  first.stream.sendHead(response(500), true);
  first.stream.sendData(Buffer.from('poison'), true);
  first.stream.reset('local-reset');
  await turn();
  expect(harness.requests).toHaveLength(2);
  expect(harness.socket.sent).not.toContain('poison');
  harness.requests[1]?.stream.sendHead(response(200), true);
  await turn();
  expect(harness.socket.sent.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 204', 'HTTP/1.1 200']);
});

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

test('websocket: 101, then bytes both ways as they are, then both ends', async () => {
  const harness = new ServerHarness();
  const bytes =
    'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key: k\r\n\r\n';
  harness.socket.deliver(bytes);
  await turn();
  const { stream, recorder, head } = harness.requests[0] as Served;
  expect(head.upgrade).toBe('websocket');
  expect(recorder.ended).toBe(false);
  harness.socket.deliver('early');
  await turn();
  expect(recorder.body).toBe('');
  stream.sendHead(response(101, { 'Sec-WebSocket-Accept': 'v' }), false);
  await turn();
  expect(harness.socket.sent).toBe(
    'HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: v\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  );
  harness.socket.deliver('\r\nGET / not a request');
  stream.sendData(Buffer.from('\0\x01'), false);
  await turn();
  expect(recorder.body).toBe('early\r\nGET / not a request');
  expect(harness.socket.sent.endsWith('\r\n\r\n\0\x01')).toBe(true);
  harness.socket.deliverEnd();
  await turn();
  expect(recorder.ended).toBe(true);
  expect(harness.closed).toBe(false);
  stream.sendData(Buffer.from('bye'), true);
  await turn();
  expect(harness.socket.sent.endsWith('bye')).toBe(true);
  expect(harness.closed).toBe(true);
  expect(recorder.reset).toBeUndefined();
});

test('a refused upgrade is an ordinary answer, unless bytes of the tunnel came already', async () => {
  const bytes = 'CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n';
  const patient = new ServerHarness();
  patient.socket.deliver(bytes);
  await turn();
  patient.requests[0]?.stream.sendHead(response(403), true);
  await turn();
  expect(patient.socket.writableEnded).toBe(false);
  patient.socket.deliver(get);
  await turn();
  expect(patient.requests).toHaveLength(2);

  const hasty = new ServerHarness();
  hasty.socket.deliver(`${bytes}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`);
  await turn();
  hasty.requests[0]?.stream.sendHead(response(403), true);
  await turn();
  expect(hasty.requests).toHaveLength(1);
  expect(hasty.socket.writableEnded).toBe(true);
});

test('a CONNECT that is taken over gives the socket with the bytes that came with it', async () => {
  let taken: Socket | undefined;
  const harness = new ServerHarness(
    () => {},
    {},
    {
      onConnect: (head, connection) => {
        expect(head.authority).toBe('a:9080');
        taken = connection.acceptTunnel();
        return true;
      },
    },
  );
  harness.socket.deliver('CONNECT a:9080 HTTP/1.1\r\nHost: a:9080\r\n\r\nfirst ');
  await turn();
  let seen = '';
  taken?.on('data', (chunk: Buffer) => {
    seen += chunk.toString();
  });
  taken?.resume();
  harness.socket.deliver('second');
  await turn();
  expect(seen).toBe('first second');
  expect(harness.socket.sent).toBe('HTTP/1.1 200 OK\r\n\r\n');
  expect(harness.requests).toHaveLength(0);
});

test('a client that leaves resets what it asked for', async () => {
  for (const leave of [
    (socket: ScriptedSocket) => socket.destroy(),
    (socket: ScriptedSocket) => socket.deliverEnd(),
  ]) {
    const harness = new ServerHarness();
    harness.socket.deliver('PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234');
    await turn();
    leave(harness.socket);
    await turn();
    expect(harness.requests[0]?.recorder.reset).toBe('connection-termination');
    expect(harness.closed).toBe(true);
  }
});

test("a client that half-closes is served all that it asked for, or none where Envoy's way is chosen", async () => {
  const patient = new ServerHarness();
  patient.socket.deliver(get + get);
  patient.socket.deliverEnd();
  await turn();
  for (let count = 1; count <= 2; count++) {
    patient.requests[count - 1]?.stream.sendHead(response(200), true);
    await turn();
  }
  expect(patient.socket.sent.match(/HTTP\/1\.1 200/g)).toHaveLength(2);
  expect(patient.socket.sent).toContain('Connection: close');
  await turn();
  expect(patient.closed).toBe(true);

  const waiting = new ServerHarness(() => {}, { halfCloseMs: 1_000 });
  waiting.socket.deliver(get);
  waiting.socket.deliverEnd();
  await turn();
  waiting.clock.advance(900);
  expect(waiting.requests[0]?.recorder.reset).toBeUndefined();
  waiting.clock.advance(200);
  expect(waiting.requests[0]?.recorder.reset).toBe('connection-termination');

  const impatient = new ServerHarness(() => {}, {}, { scheme: 'https' });
  impatient.socket.deliver(get);
  impatient.socket.deliverEnd();
  await turn();
  expect(impatient.requests[0]?.recorder.reset).toBe('connection-termination');
});

test('a paused request stops reading, and goes on where it stopped', async () => {
  const harness = new ServerHarness();
  harness.socket.deliver('PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
  await turn();
  const { stream, recorder } = harness.requests[0] as Served;
  stream.pause();
  expect(harness.socket.isPaused()).toBe(true);
  harness.socket.deliver('3\r\nabc\r\n3\r\ndef\r\n');
  await turn();
  expect(recorder.body).toBe('');
  stream.resume();
  await turn();
  expect(recorder.body).toBe('abcdef');
  harness.socket.deliver(`0\r\n\r\n${get}`);
  await turn();
  expect(recorder.ended).toBe(true);
});

test('a client that does not read holds the response back, and drains it', async () => {
  const harness = new ServerHarness();
  harness.socket.stalled = true;
  harness.socket.deliver(get);
  await turn();
  const { stream, recorder } = harness.requests[0] as Served;
  stream.sendHead(response(200), false);
  let sent = 0;
  while (stream.sendData(Buffer.alloc(10_000, 0x61), false)) {
    sent++;
    if (sent > 1_000) throw new Error('never held back');
    if (sent % 3 === 0) await turn();
  }
  expect(recorder.drains).toBe(0);
  while (recorder.drains === 0) {
    harness.socket.takeAll();
    await turn();
  }
  harness.socket.stalled = false;
  harness.socket.takeAll();
  stream.sendData(Buffer.from('end'), true);
  await turn();
  const content = harness.socket.sent.match(/a+/g)?.reduce((sum, run) => sum + run.length, 0) ?? 0;
  expect(content).toBeGreaterThanOrEqual((sent + 1) * 10_000);
});

test('draining says so in the next answer, and closes an idle connection at once', async () => {
  const busy = new ServerHarness();
  busy.socket.deliver(get);
  await turn();
  busy.server.drain();
  busy.requests[0]?.stream.sendHead(response(200), true);
  await turn();
  expect(busy.socket.sent).toContain('Connection: close');

  const idle = new ServerHarness(echo);
  idle.socket.deliver(get);
  await turn();
  idle.server.drain();
  await turn();
  expect(idle.socket.writableEnded).toBe(true);
});

test('draining ends a connection whose last request was answered early, once its body has come', async () => {
  const harness = new ServerHarness();
  harness.socket.deliver('PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc');
  await turn();
  harness.requests[0]?.stream.sendHead(response(200), true);
  await turn();
  harness.server.drain();
  harness.socket.deliver('def');
  await turn();
  expect(harness.socket.writableEnded).toBe(true);
});

test('a bad chunk in a request under way resets it and answers 400', async () => {
  const harness = new ServerHarness();
  harness.socket.deliver('PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n');
  await turn();
  harness.socket.deliver('zz\r\n');
  await turn();
  expect(harness.requests[0]?.recorder.reset).toBe('protocol-error');
  expect(harness.socket.sent).toMatch(/^HTTP\/1\.1 400 /);
});
