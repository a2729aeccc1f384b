import { Headers } from '@tulle/decision/headers';
import { expect, test } from 'vitest';
import type { ResponseHead } from '../../http/stream.ts';
import type { Http1Problem } from '../protocol-error.ts';
import { Recorder } from '../testing/recorder.fixture.ts';
import { turn } from '../testing/scripted-socket.fixture.ts';
import { closedWhileIdle } from './client.ts';
import { ClientHarness, request } from './harness.fixture.ts';

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

const understood: [name: string, method: string, bytes: string, seen: string, reusable: boolean][] = [
  [
    'a length',
    'GET',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello',
    '200 OK content-length=5&x-a=b hello ',
    true,
  ],
  ['length 0', 'GET', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', '200 OK content-length=0  ', true],
  [
    'chunks',
    'GET',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n',
    '200 OK  hello! ',
    true,
  ],
  [
    'trailers',
    'GET',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n',
    '200 OK  hello x-sum=1',
    true,
  ],
  [
    'no chunk at all',
    'GET',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    '200 OK   ',
    true,
  ],
  ['to HEAD', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', '200 OK content-length=5  ', true],
  ['chunks to HEAD', 'HEAD', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', '200 OK   ', true],
  ['204', 'GET', 'HTTP/1.1 204 No Content\r\n\r\n', '204 No Content   ', true],
  [
    '304 with a length',
    'GET',
    'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n',
    '304 Not Modified content-length=5  ',
    true,
  ],
  ['no reason', 'GET', 'HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n', '200  content-length=0  ', true],
  ['no space either', 'GET', 'HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n', '200  content-length=0  ', true],
  [
    '1xx before',
    'GET',
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${ok}`,
    '200 OK content-length=2 ok ',
    true,
  ],
  [
    'close said',
    'GET',
    'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok',
    '200 OK content-length=2 ok ',
    false,
  ],
  ['HTTP/1.0', 'GET', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok', '200 OK content-length=2 ok ', false],
  [
    'HTTP/1.0 with keep-alive',
    'GET',
    'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok',
    '200 OK content-length=2 ok ',
    true,
  ],
  [
    'hop-by-hop fields dropped',
    'GET',
    'HTTP/1.1 200 OK\r\nConnection: X-H\r\nX-H: 1\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n',
    '200 OK content-length=0  ',
    true,
  ],
];

function seenBy(recorder: Recorder<ResponseHead>): string {
  const head = recorder.head;
  const list = (headers: Headers | undefined): string =>
    headers === undefined ? '' : [...headers].map(([name, value]) => `${name}=${value}`).join('&');
  return `${head?.status} ${head?.reason} ${list(head?.headers)} ${recorder.body} ${list(recorder.trailers)}`;
}

test.each(understood)(
  '%s is understood, whole and byte by byte',
  async (_name, method, bytes, seen, reusable) => {
    for (const size of [bytes.length, 7, 1]) {
      const harness = new ClientHarness();
      const { recorder } = harness.ask(method);
      await turn();
      await harness.socket.deliverInPieces(bytes, size);
      await turn();
      expect(seenBy(recorder)).toBe(seen);
      expect(recorder.ended).toBe(true);
      expect(harness.client.reusable).toBe(reusable);
      expect([harness.idle, harness.closed]).toEqual(reusable ? [1, 0] : [0, 1]);
    }
  },
);

test('a body without length lasts until the close', async () => {
  const harness = new ClientHarness();
  const { recorder } = harness.ask();
  await turn();
  await harness.socket.deliverInPieces('HTTP/1.1 200 OK\r\n\r\nall of it', 5);
  expect(recorder.ended).toBe(false);
  harness.socket.deliverEnd();
  await turn();
  expect(recorder.body).toBe('all of it');
  expect(recorder.ended).toBe(true);
  expect(harness.client.reusable).toBe(false);
});

const refused: [name: string, bytes: string, problem: Http1Problem][] = [
  [
    'both lengths',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
    'length-and-encoding',
  ],
  [
    'two lengths',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n',
    'many-content-lengths',
  ],
  ['gzip encoding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n', 'bad-transfer-encoding'],
  ['folded field', 'HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n', 'obs-fold'],
  ['bare LF', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n', 'bad-line-end'],
  ['version', 'HTTP/2.0 200 OK\r\n\r\n', 'bad-version'],
  ['status with four digits', 'HTTP/1.1 2000 OK\r\n\r\n', 'bad-status'],
  ['status below 100', 'HTTP/1.1 099 OK\r\n\r\n', 'bad-status'],
  ['status that is none', 'HTTP/1.1 abc OK\r\n\r\n', 'bad-status'],
  ['control in the reason', 'HTTP/1.1 200 O\x01K\r\n\r\n', 'bad-start-line'],
  ['bad chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxx\r\n', 'bad-chunk-size'],
  ['101 unasked', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n', 'unexpected-switch'],
  ['1xx for ever', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(17), 'too-many-informational'],
  ['endless head', `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(70_000)}`, 'head-too-large'],
];

test.each(refused)(
  'a response with %s is a protocol error, whole and byte by byte',
  async (_name, bytes, problem) => {
    for (const size of [bytes.length, bytes.length > 500 ? 9_999 : 1]) {
      const harness = new ClientHarness();
      const { recorder } = harness.ask();
      await turn();
      await harness.socket.deliverInPieces(bytes, size);
      await turn();
      expect(harness.problems).toEqual([problem]);
      expect(recorder.reset).toBe('protocol-error');
      expect(harness.socket.destroyed).toBe(true);
      expect(harness.client.reusable).toBe(false);
      expect(harness.closed).toBe(1);
    }
  },
);

test('requests are written with the framing that they need', async () => {
  const sent = async (send: (harness: ClientHarness) => void): Promise<string> => {
    const harness = new ClientHarness();
    send(harness);
    await turn();
    expect(harness.socket.writes).toBe(1);
    return harness.socket.sent;
  };
  expect(await sent((harness) => harness.ask('GET', { 'X-Spelled': 'So' }))).toBe(
    'GET /p HTTP/1.1\r\nHost: a:80\r\nX-Spelled: So\r\n\r\n',
  );
  expect(await sent((harness) => harness.ask('POST'))).toBe(
    'POST /p HTTP/1.1\r\nHost: a:80\r\nContent-Length: 0\r\n\r\n',
  );
  expect(await sent((harness) => harness.ask('OPTIONS', {}, { path: '*' }))).toBe(
    'OPTIONS * HTTP/1.1\r\nHost: a:80\r\n\r\n',
  );
  expect(await sent((harness) => harness.ask('GET', {}, { path: '/a b\r\nX: é' }))).toBe(
    'GET /a%20b%0D%0AX:%20%C3%A9 HTTP/1.1\r\nHost: a:80\r\n\r\n',
  );
  expect(
    await sent((harness) => {
      const stream = harness.client.request(new Recorder());
      stream.sendHead(request('PUT'), false);
      stream.sendData(Buffer.from('hello'), false);
      stream.sendTrailers(Headers.of({ 'X-Sum': '1' }));
    }),
  ).toBe(
    'PUT /p HTTP/1.1\r\nHost: a:80\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n',
  );
  expect(
    await sent((harness) => {
      const stream = harness.client.request(new Recorder());
      stream.sendHead(request('PUT', { 'content-length': '5' }), false);
      stream.sendData(Buffer.from('hello'), true);
    }),
  ).toBe('PUT /p HTTP/1.1\r\nHost: a:80\r\ncontent-length: 5\r\n\r\nhello');
});

test('one connection serves request after request', async () => {
  const harness = new ClientHarness();
  for (let count = 1; count <= 3; count++) {
    const { recorder } = harness.ask();
    await turn();
    harness.socket.deliver(ok);
    await turn();
    expect(recorder.body).toBe('ok');
    expect(harness.idle).toBe(count);
  }
  expect(harness.client.requests).toBe(3);
});

test('bytes behind a response poison the connection: it is never used again', async () => {
  for (const bytes of [`${ok}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison`, `${ok}\r\n`]) {
    const harness = new ClientHarness();
    const { recorder } = harness.ask();
    await turn();
    harness.socket.deliver(bytes);
    await turn();
    expect(recorder.body).toBe('ok');
    expect(harness.idle).toBe(0);
    expect(harness.client.reusable).toBe(false);
    expect(harness.socket.destroyed).toBe(true);
  }
});

test('bytes on an idle connection end it', async () => {
  const harness = new ClientHarness();
  harness.ask();
  await turn();
  harness.socket.deliver(ok);
  await turn();
  harness.socket.deliver('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison');
  await turn();
  expect(harness.client.reusable).toBe(false);
  expect(harness.closed).toBe(1);
});

test('an answer that was there before its request had left is not given to it', async () => {
  const harness = new ClientHarness();
  harness.ask();
  await turn();
  harness.socket.deliver(ok);
  await turn();
  const { recorder } = harness.ask();
  harness.socket.deliver('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison');
  expect(recorder.reset).toBe('protocol-error');
  expect(recorder.head).toBeUndefined();
});

test('a handler that asks again from its end gets another connection, never this one half read', async () => {
  const harness = new ClientHarness();
  let offered: boolean | undefined;
  const stream = harness.client.request(
    new Recorder<ResponseHead>((recorder) => {
      if (recorder.ended) offered = harness.client.reusable;
    }),
  );
  stream.sendHead(request('GET'), true);
  await turn();
  harness.socket.deliver(ok);
  expect(offered).toBe(false);
  expect(harness.client.reusable).toBe(true);
});

test('an end while idle retires; an end before the answer says that nothing came', async () => {
  const idle = new ClientHarness();
  idle.ask();
  await turn();
  idle.socket.deliver(ok);
  idle.socket.deliverEnd();
  await turn();
  expect(idle.client.reusable).toBe(false);
  expect(idle.closed).toBe(1);

  const race = new ClientHarness();
  race.ask();
  await turn();
  race.socket.deliver(ok);
  await turn();
  const second = race.ask();
  race.socket.deliverEnd();
  await turn();
  expect(second.recorder.reset).toBe('connection-termination');
  expect(second.recorder.resetDetail).toBe(closedWhileIdle);

  const first = new ClientHarness();
  const only = first.ask();
  await turn();
  first.socket.deliverEnd();
  await turn();
  expect(only.recorder.reset).toBe('connection-termination');
  expect(only.recorder.resetDetail).toBeUndefined();
});

test('an end within a body is a reset, not an end', async () => {
  for (const bytes of [
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
  ]) {
    const harness = new ClientHarness();
    const { recorder } = harness.ask();
    await turn();
    harness.socket.deliver(bytes);
    harness.socket.deliverEnd();
    await turn();
    expect(recorder.ended).toBe(false);
    expect(recorder.reset).toBe('connection-termination');
  }
});

test('an answer before the request is complete is given, and the connection not used again', async () => {
  const harness = new ClientHarness();
  const recorder = new Recorder<ResponseHead>();
  const stream = harness.client.request(recorder);
  stream.sendHead(request('PUT', { 'content-length': '100' }), false);
  stream.sendData(Buffer.from('part'), false);
  await turn();
  harness.socket.deliver('HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno');
  await turn();
  expect(recorder.body).toBe('no');
  expect(recorder.ended).toBe(true);
  expect(harness.client.reusable).toBe(false);
  expect(harness.socket.destroyed).toBe(true);
});

test('websocket upstream: 101 opens a tunnel, both ends close it', async () => {
  const harness = new ClientHarness();
  const { recorder, stream } = harness.ask('GET', { 'sec-websocket-key': 'k' }, { upgrade: 'websocket' });
  await turn();
  expect(harness.socket.sent).toBe(
    'GET /p HTTP/1.1\r\nHost: a:80\r\nsec-websocket-key: k\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  );
  harness.socket.deliver(
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nframe',
  );
  await turn();
  expect(recorder.head?.status).toBe(101);
  expect(recorder.body).toBe('frame');
  stream.sendData(Buffer.from('\0\x01'), false);
  stream.sendData(Buffer.alloc(0), true);
  await turn();
  expect(harness.socket.sent.endsWith('\r\n\r\n\0\x01')).toBe(true);
  harness.socket.deliver('last');
  harness.socket.deliverEnd();
  await turn();
  expect(recorder.body).toBe('framelast');
  expect(recorder.ended).toBe(true);
  expect(harness.closed).toBe(1);
});

test('a refused upgrade and a refused CONNECT leave the connection usable', async () => {
  for (const more of [{ upgrade: 'websocket' }, { upgrade: 'connect' }]) {
    const harness = new ClientHarness();
    const { recorder } = harness.ask(more.upgrade === 'connect' ? 'CONNECT' : 'GET', {}, more);
    await turn();
    harness.socket.deliver('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
    await turn();
    expect(recorder.head?.status).toBe(403);
    expect(recorder.ended).toBe(true);
    expect(harness.client.reusable).toBe(true);
  }
});

test('a paused response stops reading; a reset cuts the connection', async () => {
  const harness = new ClientHarness();
  const { recorder, stream } = harness.ask();
  await turn();
  harness.socket.deliver('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc');
  stream.pause();
  expect(harness.socket.isPaused()).toBe(true);
  harness.socket.deliver('def');
  await turn();
  expect(recorder.body).toBe('abc');
  stream.resume();
  await turn();
  expect(recorder.body).toBe('abcdef');
  stream.reset('local-reset');
  await turn();
  expect(harness.socket.destroyed).toBe(true);
  expect(recorder.reset).toBeUndefined();
  expect(harness.closed).toBe(1);
});
