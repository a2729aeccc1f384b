import { expect, test } from 'vitest';
import { turn } from '../testing/scripted-socket.fixture.ts';
import { echo, response, type Served, ServerHarness } from './harness.fixture.ts';

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
