import { Headers } from '@tulle/decision/headers';
import { describe, expect, test } from 'vitest';
import { turn } from '../http1/scripted-socket.fixture.ts';
import { clientPreface, Flag, FrameType } from './frame.ts';
import { Setting } from './settings.ts';
import {
  block,
  data,
  type Fields,
  frame,
  get,
  goaway,
  headers,
  parseFrames,
  post,
  rst,
  settings,
  settingsAck,
  windowUpdate,
  word,
} from './testing/frames.ts';
import { echo, response, type Served, ServerHarness } from './testing/server-harness.ts';

const hello = ['SETTINGS', 'WINDOW_UPDATE 0 983041', 'SETTINGS ack'];
const body = 'x'.repeat(10_000);

/** Conversations that end with the server having said all: what the client sends, what comes of it. */
const conversations: Record<
  string,
  { readonly send: readonly Buffer[]; readonly answers: readonly string[] }
> = {
  'a request without a body': {
    send: [headers(1, get, true)],
    answers: ['HEADERS 1 :status=200', 'DATA 1 end GET a:80 /p []'],
  },
  'a request with a body in two frames': {
    send: [headers(1, post, false), data(1, 'ab', false), data(1, 'cd', true)],
    answers: ['HEADERS 1 :status=200', 'DATA 1 end POST a:80 /p [] abcd'],
  },
  'a body that ends with an empty frame': {
    send: [headers(1, post, false), data(1, 'ab', false), data(1, '', true)],
    answers: ['HEADERS 1 :status=200', 'DATA 1 end POST a:80 /p [] ab'],
  },
  'padded frames': {
    send: [
      frame(
        FrameType.Headers,
        Flag.EndHeaders | Flag.Padded,
        1,
        Buffer.concat([Buffer.from([3]), block(post), Buffer.alloc(3)]),
      ),
      frame(FrameType.Data, Flag.Padded | Flag.EndStream, 1, Buffer.from([2, 0x61, 0x62, 0, 0])),
    ],
    answers: ['HEADERS 1 :status=200', 'DATA 1 end POST a:80 /p [] ab'],
  },
  trailers: {
    send: [headers(1, post, false), data(1, 'ab', false), headers(1, [['x-t', '1']], true)],
    answers: ['HEADERS 1 :status=200', 'DATA 1 end POST a:80 /p [] ab x-t=1'],
  },
  'a header block in three frames, with priority': {
    send: [
      frame(
        FrameType.Headers,
        Flag.EndStream | Flag.Priority,
        1,
        Buffer.concat([word(0), Buffer.from([7]), block(get.slice(0, 1))]),
      ),
      frame(FrameType.Continuation, 0, 1, block(get.slice(1, 2))),
      frame(FrameType.Continuation, Flag.EndHeaders, 1, block(get.slice(2))),
    ],
    answers: ['HEADERS 1 :status=200', 'DATA 1 end GET a:80 /p []'],
  },
  'cookies are one field, Host is the authority': {
    send: [
      headers(
        1,
        [...get.slice(0, 3), ['host', 'b'], ['cookie', 'a=1'], ['x-y', 'z'], ['cookie', 'b=2']],
        true,
      ),
    ],
    answers: ['HEADERS 1 :status=200', 'DATA 1 end GET b /p [cookie=a=1; b=2&x-y=z]'],
  },
  'two requests at once, then a third': {
    send: [headers(1, post, false), headers(3, get, true), data(1, 'ab', true), headers(5, get, true)],
    answers: [
      'HEADERS 3 :status=200',
      'DATA 3 end GET a:80 /p []',
      'HEADERS 1 :status=200',
      'DATA 1 end POST a:80 /p [] ab',
      'HEADERS 5 :status=200',
      'DATA 5 end GET a:80 /p []',
    ],
  },
  'frames of unknown types, and priorities': {
    send: [
      frame(0x77, 0xff, 0, Buffer.from('whatever')),
      headers(1, post, false),
      frame(FrameType.Priority, 0, 9, Buffer.concat([word(1), Buffer.from([1])])),
      frame(0x78, 0, 1),
      data(1, '', true),
    ],
    answers: ['HEADERS 1 :status=200', 'DATA 1 end POST a:80 /p []'],
  },
  'a declared length that is right': {
    send: [headers(1, [...post, ['content-length', '3']], false), data(1, 'abc', true)],
    answers: ['HEADERS 1 :status=200', 'DATA 1 end POST a:80 /p [content-length=3] abc'],
  },
  'a ping between': {
    send: [headers(1, post, false), frame(FrameType.Ping, 0, 0, Buffer.from('12345678')), data(1, '', true)],
    answers: ['PING ack', 'HEADERS 1 :status=200', 'DATA 1 end POST a:80 /p []'],
  },
};

describe('conversations', () => {
  test.each(Object.entries(conversations))('%s', async (_title, { send, answers }) => {
    const harness = new ServerHarness(echo);
    expect(await harness.open(settingsAck, ...send)).toEqual([...hello, ...answers]);
    expect(harness.problems).toEqual([]);
    expect(harness.server.busy).toBe(false);
  });

  test.each(Object.entries(conversations))('%s: cut at each byte', async (_title, { send, answers }) => {
    const bytes = Buffer.concat([clientPreface, settings(), settingsAck, ...send]);
    for (let at = 1; at < bytes.length; at++) {
      const harness = new ServerHarness(echo);
      harness.socket.deliver(bytes.subarray(0, at));
      await turn();
      harness.socket.deliver(bytes.subarray(at));
      await turn();
      expect(harness.heard()).toEqual([...hello, ...answers]);
    }
    const slow = new ServerHarness(echo);
    await slow.socket.deliverInPieces(bytes.toString('latin1'), 1);
    await turn();
    expect(slow.heard()).toEqual([...hello, ...answers]);
  });
});

test('a field that may never be indexed stays so', async () => {
  const harness = new ServerHarness();
  const marked = Buffer.concat([block(get), block([['x-key', 'secret']], true)]);
  await harness.open(frame(FrameType.Headers, Flag.EndHeaders | Flag.EndStream, 1, marked));
  const { head, stream } = harness.requests[0] as Served;
  expect(head.headers.sensitive).toEqual(['x-key']);
  stream.sendHead({ status: 200, headers: head.headers.clone(), protocol: 'HTTP/2' }, true);
  await turn();
  const answer = parseFrames(Buffer.from(harness.socket.sent, 'latin1')).at(-1);
  expect(answer?.payload.toString('latin1')).toBe('\x88\x10\x05x-key\x06secret');
});

test('answers of one turn leave in one write', async () => {
  const harness = new ServerHarness(echo);
  await harness.open();
  const before = harness.socket.writes;
  await harness.say(headers(1, get, true), headers(3, get, true), headers(5, get, true));
  expect(harness.socket.writes).toBe(before + 1);
});

describe('malformed requests end their stream only', () => {
  const without = (name: string): Fields => get.filter(([each]) => each !== name);
  const cases: Record<string, Fields> = {
    'no method': without(':method'),
    'no path': without(':path'),
    'no scheme': without(':scheme'),
    'no authority and no Host': without(':authority'),
    'an empty path': [...without(':path').slice(0, 2), [':path', ''], [':authority', 'a']],
    'a path without a slash': [...without(':path'), [':path', 'p']],
    'a path with a space': [...without(':path'), [':path', '/a b']],
    'a path with a fragment': [...without(':path'), [':path', '/a#b']],
    'an unknown scheme': [...without(':scheme'), [':scheme', 'gopher']],
    'a method that is no token': [...without(':method'), [':method', 'G T']],
    'user information': [...without(':authority'), [':authority', 'me@a']],
    'an authority that is no host': [...without(':authority'), [':authority', 'a/b']],
    'Host and authority that differ': [...get, ['host', 'other']],
    'two Hosts': [...get, ['host', 'a:80'], ['host', 'a:80']],
    'a pseudo field twice': [...get, [':path', '/q']],
    'a pseudo field after others': [...get.slice(0, 3), ['x', 'y'], get[3] as Fields[number]],
    'an unknown pseudo field': [...get, [':what', 'x']],
    'a response’s pseudo field': [...get, [':status', '200']],
    'an upper-case name': [...get, ['X-Y', 'z']],
    'an empty name': [...get, ['', 'z']],
    'a name with a space': [...get, ['x y', 'z']],
    'a name with a colon': [...get, ['x:y', 'z']],
    'a value with CR LF': [...get, ['x', 'a\r\nb: c']],
    'a value with NUL': [...get, ['x', 'a\0b']],
    'a value with a space before it': [...get, ['x', ' a']],
    'a value with a tab behind it': [...get, ['x', 'a\t']],
    Connection: [...get, ['connection', 'close']],
    'Keep-Alive': [...get, ['keep-alive', '1']],
    'Proxy-Connection': [...get, ['proxy-connection', 'close']],
    Upgrade: [...get, ['upgrade', 'websocket']],
    'Transfer-Encoding': [...get, ['transfer-encoding', 'chunked']],
    'TE other than trailers': [...get, ['te', 'gzip']],
    'a length that is no number': [...get, ['content-length', '+1']],
    'two lengths': [...get, ['content-length', '0'], ['content-length', '0']],
    'a length without a body': [...get, ['content-length', '1']],
    'CONNECT with a path': [[':method', 'CONNECT'], ...get.slice(1)],
    'CONNECT without a port': [
      [':method', 'CONNECT'],
      [':authority', 'a'],
    ],
    'CONNECT without an authority': [[':method', 'CONNECT']],
    'a protocol without CONNECT': [...get, [':protocol', 'websocket']],
    'extended CONNECT without a path': [
      [':method', 'CONNECT'],
      [':protocol', 'websocket'],
      [':scheme', 'http'],
      [':authority', 'a'],
    ],
  };
  test.each(Object.entries(cases))('%s', async (_title, fields) => {
    const harness = new ServerHarness(echo);
    expect(await harness.open(headers(1, fields, true))).toEqual([...hello, 'RST_STREAM 1 1']);
    expect(harness.requests).toEqual([]);
    expect(harness.problems).toHaveLength(1);
    // The connection lives on, and its compression state is whole.
    expect(await harness.say(headers(3, get, true))).toEqual([
      'HEADERS 3 :status=200',
      'DATA 3 end GET a:80 /p []',
    ]);
  });

  test.each<[string, Buffer[], string]>([
    ['more than was declared', [data(1, 'abcd', false)], 'the body is not as long as declared'],
    ['less than was declared', [data(1, 'ab', true)], 'the body is not as long as declared'],
    [
      'less, then trailers',
      [data(1, 'ab', false), headers(1, [['x', 'y']], true)],
      'the body is not as long as declared',
    ],
    ['trailers that do not end', [headers(1, [['x', 'y']], false)], 'trailers that do not end the stream'],
    [
      'a pseudo field in trailers',
      [headers(1, [[':path', '/']], true)],
      'a pseudo field is unknown, repeated or misplaced',
    ],
    [
      'a length in trailers',
      [headers(1, [['content-length', '3']], true)],
      'a field may not be in a trailer',
    ],
  ])('a body or trailers: %s', async (_title, frames, why) => {
    const harness = new ServerHarness();
    await harness.open(headers(1, [...post, ['content-length', '3']], false));
    expect(await harness.say(...frames)).toEqual(['RST_STREAM 1 1']);
    const { recorder } = harness.requests[0] as Served;
    expect([recorder.reset, recorder.resetDetail]).toEqual(['protocol-error', why]);
    expect(recorder.ended).toBe(false);
  });
});

describe('connection errors', () => {
  test.each<[string, Buffer[], number]>([
    ['DATA on stream 0', [data(0, 'x', false)], 1],
    ['DATA on an idle stream', [data(1, 'x', false)], 1],
    ['HEADERS on stream 0', [headers(0, get, true)], 1],
    ['HEADERS on an even stream', [headers(2, get, true)], 1],
    ['HEADERS on a skipped stream', [headers(5, get, true), headers(3, get, true)], 1],
    ['HEADERS on a closed stream', [headers(1, get, true), headers(1, get, true)], 5],
    ['RST_STREAM on an idle stream', [rst(1, 0)], 1],
    ['RST_STREAM of a wrong size', [frame(FrameType.RstStream, 0, 1, Buffer.alloc(3))], 6],
    ['SETTINGS on a stream', [frame(FrameType.Settings, 0, 1)], 1],
    ['SETTINGS of a wrong size', [frame(FrameType.Settings, 0, 0, Buffer.alloc(5))], 6],
    ['a SETTINGS acknowledgement with content', [frame(FrameType.Settings, 1, 0, Buffer.alloc(6))], 6],
    ['ENABLE_PUSH 2', [settings([Setting.EnablePush, 2])], 1],
    ['an initial window too large', [settings([Setting.InitialWindowSize, 0x80000000])], 3],
    ['a maximal frame too small', [settings([Setting.MaxFrameSize, 16_383])], 1],
    ['PING on a stream', [frame(FrameType.Ping, 0, 1, Buffer.alloc(8))], 1],
    ['PING of a wrong size', [frame(FrameType.Ping, 0, 0, Buffer.alloc(7))], 6],
    ['GOAWAY on a stream', [frame(FrameType.Goaway, 0, 1, Buffer.alloc(8))], 1],
    ['PUSH_PROMISE', [frame(FrameType.PushPromise, 4, 1, Buffer.alloc(4))], 1],
    ['a window update of 0', [windowUpdate(0, 0)], 1],
    ['a window beyond 2^31-1', [windowUpdate(0, 0x7fffffff)], 3],
    ['a window update of a wrong size', [frame(FrameType.WindowUpdate, 0, 0, Buffer.alloc(3))], 6],
    ['CONTINUATION without HEADERS', [frame(FrameType.Continuation, 4, 1)], 1],
    [
      'another frame within a header block',
      [frame(FrameType.Headers, 0, 1, block(get)), frame(FrameType.Ping, 0, 0, Buffer.alloc(8))],
      1,
    ],
    [
      'CONTINUATION of another stream',
      [frame(FrameType.Headers, 0, 1, block(get)), frame(FrameType.Continuation, 4, 3)],
      1,
    ],
    ['a block that can not be decoded', [frame(FrameType.Headers, 5, 1, Buffer.from([0x80]))], 9],
    ['a frame too large', [Buffer.from([0x01, 0, 0, 0, 0, 0, 0, 0, 1])], 6],
    ['more padding than payload', [frame(FrameType.Headers, 0xd, 1, Buffer.from([9, 0]))], 1],
    ['PRIORITY of a wrong size', [frame(FrameType.Priority, 0, 1, Buffer.alloc(4))], 6],
  ])('%s', async (_title, frames, code) => {
    const harness = new ServerHarness(echo);
    await harness.open();
    const said = await harness.say(...frames);
    expect(said.at(-1)).toMatch(new RegExp(`^GOAWAY \\d+ ${code}$`));
    expect(harness.problems).toHaveLength(1);
    expect(harness.socket.writableEnded).toBe(true);
    harness.clock.advance(2_000);
    await turn();
    expect(harness.closed).toBe(true);
  });

  test.each([
    ['HTTP/1.1', Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n')],
    ['a preface cut off', Buffer.concat([clientPreface.subarray(0, 20), Buffer.from('xxxx')])],
    ['no SETTINGS first', Buffer.concat([clientPreface, headers(1, get, true)])],
  ])('%s', async (_title, bytes) => {
    const harness = new ServerHarness(echo);
    expect((await harness.say(bytes)).at(-1)).toBe('GOAWAY 0 1');
    expect(harness.requests).toEqual([]);
  });
});

describe('flow control towards the client', () => {
  test('a body waits for the stream’s window, then for the connection’s', async () => {
    const harness = new ServerHarness();
    await harness.open(settings([Setting.InitialWindowSize, 100]), headers(1, get, true));
    const { stream } = harness.requests[0] as Served;
    stream.sendHead(response(200), false);
    expect(stream.sendData(Buffer.from(body), false)).toBe(true);
    stream.sendTrailers(Headers.of({ 'x-t': '1' }));
    expect((await harness.say()).slice(-2)).toEqual(['HEADERS 1 :status=200', 'DATA 1 100']);
    expect(await harness.say(windowUpdate(1, 9_800))).toEqual(['DATA 1 9800']);
    // A smaller initial window may make a stream's negative (RFC 9113 section 6.9.2).
    expect(await harness.say(settings([Setting.InitialWindowSize, 0]))).toEqual(['SETTINGS ack']);
    expect(await harness.say(windowUpdate(1, 100))).toEqual([]);
    expect(await harness.say(windowUpdate(1, 100))).toEqual(['DATA 1 100', 'HEADERS 1 end x-t=1']);
  });

  test('a writer is told to hold back and to go on', async () => {
    const harness = new ServerHarness();
    await harness.open(settings([Setting.InitialWindowSize, 0]), headers(1, get, true));
    const { stream, recorder } = harness.requests[0] as Served;
    stream.sendHead(response(200), false);
    let taken = 0;
    while (stream.sendData(Buffer.from(body), false)) taken++;
    expect(taken).toBe(6);
    expect(recorder.drains).toBe(0);
    await harness.say(windowUpdate(1, 50_000));
    expect(recorder.drains).toBe(0);
    await harness.say(windowUpdate(1, 10_000));
    expect(recorder.drains).toBe(1);
  });

  test('streams that wait share the connection’s window', async () => {
    const harness = new ServerHarness();
    await harness.open(
      settings([Setting.InitialWindowSize, 1_000_000]),
      headers(1, get, true),
      headers(3, get, true),
    );
    for (const { stream } of harness.requests) {
      stream.sendHead(response(200), false);
      for (let time = 0; time < 6; time++) stream.sendData(Buffer.from(body), false);
    }
    const count = (said: string[], id: number): number =>
      said.filter((line) => line.startsWith(`DATA ${id}`)).length;
    const said = await harness.say();
    expect(count(said, 1)).toBe(6);
    const more = await harness.say(windowUpdate(0, 200_000));
    expect(count(more, 3)).toBeGreaterThan(0);
  });
});

describe('flow control from the client', () => {
  test('what is taken is given back; what a paused handler leaves is not', async () => {
    const limits = {
      streamWindow: 1_000,
      maxStreamWindow: 1_000,
      connectionWindow: 70_000,
      maxConnectionWindow: 70_000,
    };
    const harness = new ServerHarness(() => {}, limits);
    await harness.open(headers(1, post, false), headers(3, post, false));
    expect(await harness.say(data(1, body.slice(0, 400), false))).toEqual([]);
    expect(await harness.say(data(1, body.slice(0, 400), false))).toEqual(['WINDOW_UPDATE 1 800']);
    const { stream, recorder } = harness.requests[1] as Served;
    stream.pause();
    expect(await harness.say(data(3, body.slice(0, 1_000), false))).toEqual([]);
    expect(recorder.body).toBe('');
    stream.resume();
    await turn();
    expect(await harness.say()).toEqual(['WINDOW_UPDATE 3 1000']);
    expect(recorder.body).toHaveLength(1_000);
  });

  test('more than the window allows resets the stream', async () => {
    const harness = new ServerHarness(() => {}, { streamWindow: 1_000 });
    await harness.open(headers(1, post, false));
    (harness.requests[0] as Served).stream.pause();
    expect(await harness.say(data(1, body.slice(0, 1_001), false))).toEqual(['RST_STREAM 1 3']);
    expect((harness.requests[0] as Served).recorder.reset).toBe('protocol-error');
  });

  test('windows grow while all is taken at once, and fall back', async () => {
    const limits = { streamWindow: 1_000, maxStreamWindow: 4_000 };
    const harness = new ServerHarness(() => {}, limits);
    await harness.open(headers(1, post, false));
    expect(await harness.say(data(1, body.slice(0, 500), false))).toEqual(['WINDOW_UPDATE 1 1500']);
    expect(await harness.say(data(1, body.slice(0, 1_000), false))).toEqual(['WINDOW_UPDATE 1 3000']);
    (harness.requests[0] as Served).stream.pause();
    (harness.requests[0] as Served).stream.resume();
    expect(await harness.say(data(1, body.slice(0, 3_000), false))).toEqual([]);
    expect(await harness.say(data(1, body.slice(0, 600), false))).toEqual(['WINDOW_UPDATE 1 1600']);
  });

  test('padding and the content of reset streams are given back to the connection', async () => {
    const limits = { connectionWindow: 65_536, maxConnectionWindow: 65_536 };
    const harness = new ServerHarness(() => {}, limits);
    await harness.open(headers(1, post, false));
    (harness.requests[0] as Served).stream.reset('local-reset');
    const said: string[] = [];
    for (let time = 0; time < 20; time++) said.push(...(await harness.say(data(1, body, false))));
    expect(said.filter((line) => line.startsWith('WINDOW_UPDATE 0')).length).toBe(5);
    expect(said.filter((line) => line.startsWith('RST_STREAM')).length).toBe(1);
    expect(harness.problems).toEqual([]);
  });
});

describe('responses', () => {
  async function one(fields: Fields = get): Promise<[ServerHarness, Served]> {
    const harness = new ServerHarness();
    await harness.open(headers(1, fields, true));
    return [harness, harness.requests[0] as Served];
  }
  const last = async (harness: ServerHarness): Promise<string[]> =>
    (await harness.say()).filter((line) => / 1 /.test(line));

  test('informational heads, fields of HTTP/1 dropped, trailers', async () => {
    const harness = new ServerHarness();
    await harness.open(headers(1, get, true));
    const { stream } = harness.requests[0] as Served;
    stream.sendInformational(response(103, { link: '</a>' }));
    stream.sendHead(
      response(200, { 'Keep-Alive': '1', 'Transfer-Encoding': 'chunked', host: 'a', 'x-a': 'b' }),
      false,
    );
    stream.sendData(Buffer.from('ab'), false);
    stream.sendTrailers(Headers.of({ 'x-t': '1' }));
    expect(await harness.say()).toEqual([
      'HEADERS 1 :status=103 link=</a>',
      'HEADERS 1 :status=200 x-a=b',
      'DATA 1 ab',
      'HEADERS 1 end x-t=1',
    ]);
  });

  test('a complete answer to an unfinished request ends both', async () => {
    const harness = new ServerHarness();
    await harness.open(headers(1, post, false));
    const { stream, recorder } = harness.requests[0] as Served;
    stream.sendHead(response(413), true);
    expect(await harness.say()).toEqual(['HEADERS 1 end :status=413', 'RST_STREAM 1 0']);
    expect(await harness.say(data(1, 'late', false), headers(1, [['x', 'y']], true))).toEqual([]);
    expect(recorder.body).toBe('');
    expect(harness.problems).toEqual([]);
  });

  test('content for HEAD is left out, its length is not', async () => {
    const [harness, { stream }] = await one([[':method', 'HEAD'], ...get.slice(1)]);
    stream.sendHead(response(200, { 'content-length': '5' }), false);
    stream.sendData(Buffer.from('hello'), true);
    expect(await last(harness)).toEqual(['HEADERS 1 :status=200 content-length=5', 'DATA 1 end']);
  });

  test('a body that contradicts its length is reset', async () => {
    const [harness, { stream, recorder }] = await one();
    stream.sendHead(response(200, { 'content-length': '5' }), false);
    stream.sendData(Buffer.from('hell'), true);
    expect(await last(harness)).toEqual(['HEADERS 1 :status=200 content-length=5', 'RST_STREAM 1 2']);
    expect(recorder.reset).toBe('local-reset');
  });

  test('a length that the end contradicts is left out', async () => {
    const [harness, { stream }] = await one();
    stream.sendHead(response(200, { 'content-length': '5' }), true);
    expect(await last(harness)).toEqual(['HEADERS 1 end :status=200']);
  });

  test('a head too large for one frame goes on in CONTINUATION', async () => {
    const [harness, { stream }] = await one();
    stream.sendHead(response(200, { 'x-large': 'y'.repeat(40_000) }), true);
    await turn();
    const sent = Buffer.from(harness.socket.sent, 'latin1');
    const frames = parseFrames(sent).filter(({ id }) => id === 1);
    expect(frames.map(({ type, flags, payload }) => [type, flags, payload.length])).toEqual([
      [FrameType.Headers, Flag.EndStream, 16_384],
      [FrameType.Continuation, 0, 16_384],
      [FrameType.Continuation, Flag.EndHeaders, expect.any(Number)],
    ]);
  });

  test.each([
    ['refused-stream', 7],
    ['local-reset', 2],
    ['connection-termination', 2],
  ] as const)('a reset for %s', async (reason, code) => {
    const [harness, { stream, recorder }] = await one();
    stream.reset(reason);
    expect(await last(harness)).toEqual([`RST_STREAM 1 ${code}`]);
    stream.sendHead(response(200), true);
    stream.reset(reason);
    expect(await harness.say()).toEqual([]);
    expect(recorder.reset).toBeUndefined();
  });

  test('the client’s reset reaches the handler', async () => {
    const [harness, { recorder }] = await one();
    await harness.say(rst(1, 8));
    expect(recorder.reset).toBe('remote-reset');
    expect(harness.server.busy).toBe(false);
  });
});

describe('tunnels', () => {
  const websocket: Fields = [
    [':method', 'CONNECT'],
    [':protocol', 'WebSocket'],
    [':scheme', 'http'],
    [':path', '/chat'],
    [':authority', 'a'],
  ];

  test('extended CONNECT is an upgrade to the rest of the proxy', async () => {
    const harness = new ServerHarness();
    await harness.open(headers(1, websocket, false), data(1, 'early', false));
    const { head, recorder, stream } = harness.requests[0] as Served;
    expect(head).toMatchObject({ method: 'GET', upgrade: 'websocket', path: '/chat', authority: 'a' });
    expect([recorder.body, recorder.ended]).toEqual(['', false]);
    stream.sendHead(response(101), false);
    stream.sendData(Buffer.from('hi'), false);
    expect(await harness.say()).toEqual(['HEADERS 1 :status=200', 'DATA 1 hi']);
    expect(recorder.body).toBe('early');
    await harness.say(data(1, '!', true));
    expect([recorder.body, recorder.ended]).toEqual(['early!', true]);
    stream.sendData(Buffer.from('bye'), true);
    expect(await harness.say()).toEqual(['DATA 1 end bye']);
    expect(harness.server.busy).toBe(false);
  });

  test('CONNECT; each side ends by itself', async () => {
    const harness = new ServerHarness();
    await harness.open(
      headers(
        1,
        [
          [':method', 'CONNECT'],
          [':authority', 'a:443'],
        ],
        false,
      ),
    );
    const { head, recorder, stream } = harness.requests[0] as Served;
    expect(head).toMatchObject({ method: 'CONNECT', upgrade: 'connect', path: '', authority: 'a:443' });
    stream.sendHead(response(200), false);
    stream.sendData(Buffer.from('x'), true);
    expect(await harness.say()).toEqual(['HEADERS 1 :status=200', 'DATA 1 end x']);
    await harness.say(data(1, 'y', false), data(1, 'z', true));
    expect([recorder.body, recorder.ended]).toEqual(['yz', true]);
    expect(harness.server.busy).toBe(false);
  });

  test('a refused tunnel is an ordinary answer, and its bytes are for nobody', async () => {
    const harness = new ServerHarness();
    await harness.open(headers(1, websocket, false), data(1, 'early', false));
    const { recorder, stream } = harness.requests[0] as Served;
    stream.sendHead(response(403), false);
    await harness.say(data(1, 'more', false));
    stream.sendData(Buffer.from('no'), true);
    expect((await harness.say()).slice(-2)).toEqual(['DATA 1 end no', 'RST_STREAM 1 0']);
    expect(recorder.body).toBe('');
  });
});

describe('the end', () => {
  test('a drain goes in two steps: streams under way are served', async () => {
    const harness = new ServerHarness();
    await harness.open(headers(1, get, true));
    harness.server.drain();
    const said = await harness.say();
    expect(said).toEqual(['GOAWAY 2147483647 0', 'PING']);
    await harness.say(headers(3, get, true), frame(FrameType.Ping, Flag.Ack, 0, Buffer.from('drain ok')));
    expect(harness.requests).toHaveLength(2);
    expect(await harness.say(headers(5, get, true))).toEqual([]);
    expect(harness.requests).toHaveLength(2);
    for (const { stream } of harness.requests) stream.sendHead(response(200), true);
    expect(await harness.say()).toEqual([
      'HEADERS 1 end :status=200',
      'HEADERS 3 end :status=200',
      'GOAWAY 3 0',
    ]);
    expect(harness.socket.writableEnded).toBe(true);
    harness.socket.deliverEnd();
    await turn();
    expect(harness.closed).toBe(true);
  });

  test('a client that does not answer the drain’s PING is waited for only so long', async () => {
    const harness = new ServerHarness();
    await harness.open();
    harness.server.drain();
    await harness.say();
    harness.clock.advance(1_100);
    expect(await harness.say()).toEqual(['GOAWAY 0 0']);
  });

  test('`Connection: close` in a response drains the connection, as Envoy', async () => {
    const harness = new ServerHarness();
    await harness.open(headers(1, get, true));
    (harness.requests[0] as Served).stream.sendHead(response(200, { connection: 'close' }), true);
    expect(await harness.say()).toEqual(['HEADERS 1 end :status=200', 'GOAWAY 2147483647 0', 'PING']);
  });

  test('a client that leaves by GOAWAY is served to the end', async () => {
    const harness = new ServerHarness();
    await harness.open(headers(1, get, true), goaway(0, 0));
    (harness.requests[0] as Served).stream.sendHead(response(200), true);
    expect((await harness.say()).slice(-2)).toEqual(['HEADERS 1 end :status=200', 'GOAWAY 1 0']);
  });

  test('a lost connection resets its requests, complete or not', async () => {
    const harness = new ServerHarness();
    await harness.open(headers(1, post, false), headers(3, post, false));
    const [first, second] = harness.requests as [Served, Served];
    second.stream.pause();
    await harness.say(data(3, 'all', true));
    harness.socket.destroy();
    await turn();
    expect(first.recorder.reset).toBe('connection-termination');
    expect(second.recorder.reset).toBe('connection-termination');
    expect(harness.closed).toBe(true);
  });

  test('a client that still reads the last answer is given time', async () => {
    const harness = new ServerHarness();
    await harness.open(headers(1, get, true));
    harness.socket.stalled = true;
    const { stream } = harness.requests[0] as Served;
    stream.sendHead(response(200), false);
    stream.sendData(Buffer.from(body), true);
    harness.server.drain();
    await harness.say(frame(FrameType.Ping, Flag.Ack, 0, Buffer.from('drain ok')));
    harness.clock.advance(5_000);
    expect(harness.socket.destroyed).toBe(false);
    harness.clock.advance(5_200);
    expect(harness.socket.destroyed).toBe(true);
  });

  test('an idle connection is closed, a busy one is not', async () => {
    const harness = new ServerHarness(() => {}, { idleTimeoutMs: 10_000, stallTimeoutMs: 0 });
    await harness.open(headers(1, get, true));
    harness.clock.advance(30_000);
    expect(await harness.say()).toEqual([]);
    (harness.requests[0] as Served).stream.sendHead(response(200), true);
    expect(await harness.say()).toEqual(['HEADERS 1 end :status=200']);
    harness.clock.advance(9_900);
    expect(await harness.say()).toEqual([]);
    harness.clock.advance(10_300);
    expect(await harness.say()).toEqual(['GOAWAY 1 0']);
  });
});
