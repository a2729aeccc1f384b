import { Headers } from '@tulle/decision/headers';
import { describe, expect, test } from 'vitest';
import { turn } from '../http1/testing/scripted-socket.fixture.ts';
import { Flag, FrameType } from './frames/frame.ts';
import { data, type Fields, get, headers, parseFrames, post, rst } from './testing/frames.ts';
import { response, type Served, ServerHarness } from './testing/server-harness.ts';

const _body = 'x'.repeat(10_000);

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
