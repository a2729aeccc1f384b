import { describe, expect, test } from 'vitest';
import { turn } from '../http1/testing/scripted-socket.fixture.ts';
import { clientPreface, Flag, FrameType } from './frames/frame.ts';
import { Setting } from './frames/settings.ts';
import {
  block,
  data,
  type Fields,
  frame,
  get,
  headers,
  parseFrames,
  post,
  rst,
  settings,
  settingsAck,
  windowUpdate,
  word,
} from './testing/frames.ts';
import { echo, type Served, ServerHarness } from './testing/server-harness.ts';

const hello = ['SETTINGS', 'WINDOW_UPDATE 0 983041', 'SETTINGS ack'];

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
