import { expect, test } from 'vitest';
import type { Http1Problem } from '../protocol-error.ts';
import { turn } from '../testing/scripted-socket.fixture.ts';
import { echo, response, ServerHarness } from './harness.fixture.ts';

/** Raw attacks, and what each is refused for. */
const attacks: [name: string, bytes: string, problem: Http1Problem][] = [
  [
    'both lengths',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'length-and-encoding',
  ],
  [
    'both lengths, other order',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n',
    'length-and-encoding',
  ],
  [
    'two lengths',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello',
    'many-content-lengths',
  ],
  [
    'two equal lengths',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello',
    'many-content-lengths',
  ],
  [
    'list of lengths',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\nhello',
    'bad-content-length',
  ],
  ['signed length', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello', 'bad-content-length'],
  ['negative length', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n', 'bad-content-length'],
  [
    'hexadecimal length',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\nhello',
    'bad-content-length',
  ],
  ['empty length', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n', 'bad-content-length'],
  [
    'huge length',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n',
    'bad-content-length',
  ],
  ['length with a space', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1 0\r\n\r\n', 'bad-content-length'],
  [
    'chunked twice',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n',
    'bad-transfer-encoding',
  ],
  [
    'chunked in two fields',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'bad-transfer-encoding',
  ],
  [
    'identity after chunked',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n',
    'bad-transfer-encoding',
  ],
  [
    'gzip then chunked',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
    'unknown-transfer-coding',
  ],
  ['identity', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n', 'bad-transfer-encoding'],
  [
    'vertical tab before chunked',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n',
    'bad-field-value',
  ],
  [
    'tab after chunked',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n',
    'bad-transfer-encoding',
  ],
  [
    'quoted chunked',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
    'bad-transfer-encoding',
  ],
  [
    'encoding in 1.0',
    'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'encoding-in-1.0',
  ],
  ['empty encoding', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n', 'bad-transfer-encoding'],
  ['space before the colon', 'GET / HTTP/1.1\r\nHost : a\r\n\r\n', 'bad-field-name'],
  ['tab before the colon', 'GET / HTTP/1.1\r\nHost\t: a\r\n\r\n', 'bad-field-name'],
  [
    'space before the colon of the encoding',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n',
    'bad-field-name',
  ],
  ['no colon', 'GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n', 'bad-field-name'],
  ['no name', 'GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n', 'bad-field-name'],
  ['name with a byte above ASCII', 'GET / HTTP/1.1\r\nHost: a\r\nn\xe9: x\r\n\r\n', 'bad-field-name'],
  ['name with NUL', 'GET / HTTP/1.1\r\nHost: a\r\nx\0y: x\r\n\r\n', 'bad-field-name'],
  ['folded field', 'GET / HTTP/1.1\r\nHost: a\r\nX: one\r\n two\r\n\r\n', 'obs-fold'],
  ['folded by tab', 'GET / HTTP/1.1\r\nHost: a\r\nX: one\r\n\ttwo\r\n\r\n', 'obs-fold'],
  ['fold before the first field', 'GET / HTTP/1.1\r\n Host: a\r\n\r\n', 'obs-fold'],
  ['bare LF after the start line', 'GET / HTTP/1.1\nHost: a\r\n\r\n', 'bad-line-end'],
  ['bare LF after a field', 'GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n', 'bad-line-end'],
  ['bare LF as the empty line', 'GET / HTTP/1.1\r\nHost: a\r\n\n', 'bad-line-end'],
  ['bare CR in a value', 'GET / HTTP/1.1\r\nHost: a\r\nX: y\rz\r\n\r\n', 'bad-field-value'],
  ['bare CR in the start line', 'GET /\r HTTP/1.1\r\nHost: a\r\n\r\n', 'bad-target'],
  ['CR CR LF', 'GET / HTTP/1.1\r\nHost: a\r\r\n\r\n', 'bad-field-value'],
  ['NUL in a value', 'GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n', 'bad-field-value'],
  ['DEL in a value', 'GET / HTTP/1.1\r\nHost: a\r\nX: a\x7fb\r\n\r\n', 'bad-field-value'],
  ['method with a bracket', 'G<T / HTTP/1.1\r\nHost: a\r\n\r\n', 'bad-method'],
  ['empty method', ' / HTTP/1.1\r\nHost: a\r\n\r\n', 'bad-method'],
  ['very long method', `${'A'.repeat(33)} / HTTP/1.1\r\nHost: a\r\n\r\n`, 'bad-method'],
  ['TLS to a plain port', '\x16\x03\x01\x02\x00\x01', 'bad-method'],
  ['two spaces', 'GET  / HTTP/1.1\r\nHost: a\r\n\r\n', 'bad-target'],
  ['two spaces before the version', 'GET /  HTTP/1.1\r\nHost: a\r\n\r\n', 'bad-version'],
  ['space at the end of the start line', 'GET / HTTP/1.1 \r\nHost: a\r\n\r\n', 'bad-version'],
  ['tab in the start line', 'GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n', 'bad-method'],
  ['no version', 'GET /\r\nHost: a\r\n\r\n', 'bad-target'],
  ['version 2', 'GET / HTTP/2.0\r\nHost: a\r\n\r\n', 'bad-version'],
  ['version 1.2', 'GET / HTTP/1.2\r\nHost: a\r\n\r\n', 'bad-version'],
  ['lower-case version', 'GET / http/1.1\r\nHost: a\r\n\r\n', 'bad-version'],
  ['other protocol', 'GET / ICE/1.0\r\nHost: a\r\n\r\n', 'bad-version'],
  ['relative target', 'GET index.html HTTP/1.1\r\nHost: a\r\n\r\n', 'bad-target'],
  ['target with a fragment', 'GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n', 'bad-target'],
  ['target with a control', 'GET /a\x01b HTTP/1.1\r\nHost: a\r\n\r\n', 'bad-target'],
  ['target above ASCII', 'GET /\xe9 HTTP/1.1\r\nHost: a\r\n\r\n', 'bad-target'],
  ['asterisk with GET', 'GET * HTTP/1.1\r\nHost: a\r\n\r\n', 'bad-target'],
  ['absolute target of another scheme', 'GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n', 'bad-target'],
  ['absolute target with user info', 'GET http://user:pw@a/ HTTP/1.1\r\nHost: a\r\n\r\n', 'bad-target'],
  ['absolute target without host', 'GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n', 'bad-target'],
  ['CONNECT without port', 'CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n', 'bad-target'],
  ['CONNECT with a path', 'CONNECT a:1/x HTTP/1.1\r\nHost: a\r\n\r\n', 'bad-target'],
  ['CONNECT to port 0', 'CONNECT a:0 HTTP/1.1\r\nHost: a\r\n\r\n', 'bad-target'],
  [
    'CONNECT with a body',
    'CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc',
    'bad-content-length',
  ],
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', 'no-host'],
  ['no Host but an absolute target', 'GET http://a/ HTTP/1.1\r\n\r\n', 'no-host'],
  ['two Hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 'many-hosts'],
  ['two equal Hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n', 'many-hosts'],
  ['empty Host', 'GET / HTTP/1.1\r\nHost:\r\n\r\n', 'bad-host'],
  ['Host with user info', 'GET / HTTP/1.1\r\nHost: me@a\r\n\r\n', 'bad-host'],
  ['Host with a path', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', 'bad-host'],
  ['Host with a space', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n', 'bad-host'],
  ['Host with a bad port', 'GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n', 'bad-host'],
  ['Host with two ports', 'GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n', 'bad-host'],
  ['Host with half an IPv6 address', 'GET / HTTP/1.1\r\nHost: [::1\r\n\r\n', 'bad-host'],
];

const chunked = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
const chunkAttacks: [name: string, body: string, problem: Http1Problem][] = [
  ['no size', '\r\nhello\r\n', 'bad-chunk-size'],
  ['size with 0x', '0x5\r\nhello\r\n', 'bad-chunk-size'],
  ['negative size', '-1\r\n', 'bad-chunk-size'],
  ['signed size', '+5\r\nhello\r\n', 'bad-chunk-size'],
  ['size with an underscore', '1_0\r\n', 'bad-chunk-size'],
  ['space before the size', ' 5\r\nhello\r\n', 'bad-chunk-size'],
  ['space after the size', '5 \r\nhello\r\n', 'bad-chunk-size'],
  ['huge size', 'fffffffffffffffff\r\n', 'bad-chunk-size'],
  ['size that wraps 64 bits', '10000000000000005\r\nhello\r\n', 'bad-chunk-size'],
  ['many zeros', `${'0'.repeat(40)}5\r\nhello\r\n`, 'bad-chunk-size'],
  ['bare LF after the size', '5\nhello\r\n', 'bad-chunk-size'],
  ['bare CR after the size', '5\rhello\r\n', 'bad-line-end'],
  ['bare LF in an extension', '5;a=b\nhello\r\n', 'bad-chunk-extension'],
  ['NUL in an extension', '5;a=\0\r\nhello\r\n', 'bad-chunk-extension'],
  ['empty extension', '5;\r\nhello\r\n', 'bad-chunk-extension'],
  ['extension without name', '5;=x\r\nhello\r\n', 'bad-chunk-extension'],
  ['open quote', '5;a="x\r\nhello\r\n', 'bad-chunk-extension'],
  ['longer than said', '5\r\nhello!\r\n0\r\n\r\n', 'bad-chunk-end'],
  ['bare LF after the data', '5\r\nhello\n0\r\n\r\n', 'bad-chunk-end'],
  ['endless extensions', `5;${'a'.repeat(5_000)}\r\nhello\r\n`, 'extensions-too-large'],
  ['length in the trailer', '0\r\nContent-Length: 5\r\n\r\n', 'bad-trailer'],
  ['encoding in the trailer', '0\r\nTransfer-Encoding: chunked\r\n\r\n', 'bad-trailer'],
  ['Host in the trailer', '0\r\nHost: b\r\n\r\n', 'bad-trailer'],
  ['bare LF in the trailer', '0\r\nX: y\n\r\n', 'bad-line-end'],
  ['folded trailer', '0\r\nX: y\r\n z\r\n\r\n', 'obs-fold'],
  ['endless trailer', `0\r\nX: ${'y'.repeat(70_000)}\r\n\r\n`, 'head-too-large'],
];

const all = [
  ...attacks,
  ...chunkAttacks.map(([name, body, problem]) => [`chunks: ${name}`, chunked + body, problem] as const),
];

test.each(all)('%s is refused with 4xx or 501, whole and byte by byte', async (_name, bytes, problem) => {
  // Beyond a few hundred bytes a split at each byte only takes time: then into sevenths.
  for (const size of [bytes.length, 1, bytes.length < 500 ? 7 : Math.ceil(bytes.length / 7)]) {
    if (size === 1 && bytes.length > 500) continue;
    const harness = new ServerHarness(echo);
    await harness.socket.deliverInPieces(bytes, size);
    await turn();
    expect(harness.problems, harness.socket.sent).toEqual([problem]);
    expect(harness.socket.sent).toMatch(/^HTTP\/1\.1 (400|431|501) [\s\S]*Connection: close\r\n/);
    expect(harness.socket.writableEnded).toBe(true);
    for (const { recorder } of harness.requests) expect(recorder.ended).toBe(false);
    harness.socket.destroy();
  }
});

test('a request smuggled behind a refused one is never read', async () => {
  const harness = new ServerHarness(echo);
  harness.socket.deliver(
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n',
  );
  await turn();
  harness.socket.deliver('GET /admin HTTP/1.1\r\nHost: a\r\n\r\n');
  await turn();
  expect(harness.requests).toHaveLength(0);
  expect(harness.socket.sent.match(/HTTP\/1\.1 /g)).toHaveLength(1);
});

test('bytes behind a CONNECT or upgrade that is refused at once are not read as a request', async () => {
  for (const start of [
    'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  ]) {
    const harness = new ServerHarness(({ recorder, stream }) => {
      if (recorder.head !== undefined) stream.sendHead(response(403), true);
    });
    harness.socket.deliver(`${start}GET /admin HTTP/1.1\r\nHost: a\r\n\r\n`);
    await turn();
    expect(harness.requests).toHaveLength(1);
    expect(harness.socket.sent).toMatch(/^HTTP\/1\.1 403 [\s\S]*Connection: close\r\n/);
    expect(harness.socket.writableEnded).toBe(true);
  }
});

test('a head above the limits is refused with 431, complete or not', async () => {
  for (const bytes of [
    `GET / HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(70_000)}`,
    `GET /${'y'.repeat(70_000)}`,
    `GET / HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(100)}\r\n`,
  ]) {
    const harness = new ServerHarness(echo);
    await harness.socket.deliverInPieces(bytes, 8_000);
    await turn();
    expect(harness.socket.sent).toMatch(/^HTTP\/1\.1 431 /);
  }
});

test('a head that does not come in time is answered 408; an idle connection is just closed', async () => {
  const slow = new ServerHarness(echo, { headTimeoutMs: 1_000 });
  await slow.socket.deliverInPieces('GET / HTTP/1.1\r\nHo', 3);
  slow.clock.advance(1_100);
  await turn();
  expect(slow.socket.sent).toMatch(/^HTTP\/1\.1 408 /);
  expect(slow.problems).toEqual(['head-timeout']);

  const idle = new ServerHarness(echo, { idleTimeoutMs: 5_000 });
  idle.socket.deliver('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await turn();
  idle.clock.advance(4_900);
  expect(idle.socket.writableEnded).toBe(false);
  idle.clock.advance(200);
  await turn();
  expect(idle.socket.writableEnded).toBe(true);
  expect(idle.socket.sent.match(/HTTP\/1\.1 /g)).toHaveLength(1);
  // A client that never closes is not waited for.
  idle.clock.advance(2_000);
  await turn();
  expect(idle.closed).toBe(true);
});
