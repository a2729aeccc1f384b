import { Headers } from '@tulle/decision/headers';
import { describe, expect, test } from 'vitest';
import { closedWhileIdle } from '../http1/client/client.ts';
import { turn } from '../http1/testing/scripted-socket.fixture.ts';
import { Flag, FrameType } from './frames/frame.ts';
import { Setting } from './frames/settings.ts';
import { ClientHarness } from './testing/client-harness.ts';
import {
  block,
  data,
  type Fields,
  frame,
  goaway,
  headers,
  rst,
  settings,
  windowUpdate,
} from './testing/frames.ts';

const ok: Fields = [[':status', '200']];
const asked = (id: number): string => `HEADERS ${id} end :method=GET :scheme=http :path=/p :authority=a:80`;

async function opened(...values: readonly (readonly [number, number])[]): Promise<ClientHarness> {
  const harness = new ClientHarness();
  expect(await harness.say(settings(...values))).toEqual([
    'SETTINGS',
    'WINDOW_UPDATE 0 983041',
    'SETTINGS ack',
  ]);
  return harness;
}

describe('before and within the server’s limits', () => {
  test('no request before the server’s SETTINGS', async () => {
    const harness = new ClientHarness();
    expect([harness.client.reusable, harness.available]).toEqual([false, 0]);
    expect(() => harness.ask()).toThrow('the connection can take no request');
    await harness.say(settings([Setting.MaxConcurrentStreams, 2]));
    expect([harness.client.available, harness.available]).toEqual([2, 1]);
    harness.ask();
    expect(harness.client.available).toBe(1);
    harness.ask();
    expect(harness.client.available).toBe(0);
    expect(await harness.say()).toEqual([asked(1), asked(3)]);
    await harness.say(headers(1, ok, true));
    expect([harness.client.available, harness.available]).toEqual([1, 2]);
    await harness.say(settings([Setting.MaxConcurrentStreams, 0]));
    expect(harness.client.available).toBe(0);
  });

  test('identifiers go up in the order in which heads are sent', async () => {
    const harness = await opened();
    const { client } = harness;
    const handler = { onHead() {}, onData() {}, onTrailers() {}, onDrain() {}, onReset() {} };
    const first = client.request(handler);
    const second = client.request(handler);
    const head = {
      method: 'GET',
      authority: 'a',
      scheme: 'http',
      headers: new Headers(),
      protocol: '',
    } as const;
    second.sendHead({ ...head, path: '/second' }, true);
    first.sendHead({ ...head, path: '/first' }, true);
    expect(await harness.say()).toEqual([
      'HEADERS 1 end :method=GET :scheme=http :path=/second :authority=a',
      'HEADERS 3 end :method=GET :scheme=http :path=/first :authority=a',
    ]);
  });

  test('what may not stand in a target is encoded, wherever it came from', async () => {
    const harness = await opened();
    const handler = { onHead() {}, onData() {}, onTrailers() {}, onDrain() {}, onReset() {} };
    const path = '/a b\r\nx: y\u{e9}';
    const head = { method: 'GET', authority: 'a', scheme: 'http', protocol: '', path } as const;
    harness.client.request(handler).sendHead({ ...head, headers: new Headers() }, true);
    expect(await harness.say()).toEqual([
      'HEADERS 1 end :method=GET :scheme=http :path=/a%20b%0D%0Ax:%20y%C3%A9 :authority=a',
    ]);
  });

  test('a request that is given up before it was sent leaves no trace', async () => {
    const harness = await opened();
    const handler = { onHead() {}, onData() {}, onTrailers() {}, onDrain() {}, onReset() {} };
    const stream = harness.client.request(handler);
    stream.reset('local-reset');
    expect(harness.client.active).toBe(0);
    expect(await harness.say()).toEqual([]);
  });
});

describe('answers', () => {
  test('informational heads, body, trailers', async () => {
    const harness = await opened();
    const { recorder } = harness.ask();
    await harness.say(
      headers(1, [[':status', '103']], false),
      headers(1, [...ok, ['x-a', 'b'], ['te', 'trailers']], false),
      data(1, 'ab', false),
      data(1, 'c', false),
      headers(1, [['grpc-status', '0']], true),
    );
    expect(recorder.informational.map(({ status }) => status)).toEqual([103]);
    expect(recorder.head).toMatchObject({ status: 200, protocol: 'HTTP/2' });
    expect([...(recorder.head?.headers ?? [])]).toEqual([['x-a', 'b']]);
    expect([recorder.body, recorder.ended, recorder.trailers?.get('grpc-status')]).toEqual([
      'abc',
      true,
      '0',
    ]);
    expect(harness.client.busy).toBe(false);
  });

  test('cut at each byte', async () => {
    const bytes = Buffer.concat([
      headers(1, [[':status', '100']], false),
      frame(FrameType.Headers, 0, 1, block(ok)),
      frame(FrameType.Continuation, Flag.EndHeaders, 1, block([['x-a', 'b']])),
      frame(FrameType.Data, Flag.Padded, 1, Buffer.from([1, 0x61, 0])),
      data(1, 'bc', false),
      headers(1, [['x-t', '1']], true),
    ]);
    for (let at = 1; at < bytes.length; at++) {
      const harness = await opened();
      const { recorder } = harness.ask();
      await harness.say();
      harness.socket.deliver(bytes.subarray(0, at));
      await turn();
      harness.socket.deliver(bytes.subarray(at));
      await turn();
      expect([recorder.informational.length, recorder.head?.headers.get('x-a')]).toEqual([1, 'b']);
      expect([recorder.body, recorder.trailers?.get('x-t'), harness.problems]).toEqual(['abc', '1', []]);
    }
  });

  test('an answer to HEAD may declare a length; content is an error', async () => {
    const harness = await opened();
    const first = harness.ask('HEAD');
    const second = harness.ask('HEAD');
    await harness.say(
      headers(1, [...ok, ['content-length', '5']], true),
      headers(3, [...ok, ['content-length', '5']], false),
      data(3, 'hello', true),
    );
    expect(first.recorder.ended).toBe(true);
    expect(second.recorder.reset).toBe('protocol-error');
  });

  test('an answer before the request is complete ends the request', async () => {
    const harness = await opened();
    const { recorder, stream } = harness.ask('POST', {}, { end: false });
    await harness.say(headers(1, [[':status', '413']], false), data(1, 'no', true));
    expect([recorder.body, recorder.ended]).toEqual(['no', true]);
    expect(stream.sendData(Buffer.from('more'), true)).toBe(true);
    expect(await harness.say()).toEqual([]);
    expect(harness.client.busy).toBe(false);
  });

  test('an answer held back by its reader is complete even when the connection goes', async () => {
    const harness = await opened();
    const { recorder, stream } = harness.ask();
    await harness.say(headers(1, ok, false));
    stream.pause();
    await harness.say(data(1, 'all of it', false), headers(1, [['x-t', '1']], true));
    expect(recorder.body).toBe('');
    harness.socket.destroy();
    await turn();
    stream.resume();
    await turn();
    expect([recorder.body, recorder.ended, recorder.reset]).toEqual(['all of it', true, undefined]);
  });

  const bad: Record<string, readonly Buffer[]> = {
    'no status': [headers(1, [['x', 'y']], true)],
    'a status of two digits': [headers(1, [[':status', '20']], true)],
    'a status of letters': [headers(1, [[':status', 'abc']], true)],
    'a request’s pseudo field': [headers(1, [...ok, [':path', '/']], true)],
    Connection: [headers(1, [...ok, ['connection', 'close']], true)],
    'a value with CR': [headers(1, [...ok, ['x', 'a\rb']], true)],
    '101': [headers(1, [[':status', '101']], false)],
    'an informational head that ends': [headers(1, [[':status', '100']], true)],
    'data before a head': [data(1, 'x', true)],
    'data after an informational head': [headers(1, [[':status', '100']], false), data(1, 'x', true)],
    'less than was declared': [headers(1, [...ok, ['content-length', '3']], false), data(1, 'ab', true)],
    'more than was declared': [headers(1, [...ok, ['content-length', '3']], false), data(1, 'abcd', true)],
    'nothing of what was declared': [headers(1, [...ok, ['content-length', '3']], true)],
    'content of a 204': [headers(1, [[':status', '204']], false), data(1, 'x', true)],
    'trailers that do not end': [headers(1, ok, false), headers(1, [['x', 'y']], false)],
    'a status in trailers': [headers(1, ok, false), headers(1, ok, true)],
    'informational heads without end': Array.from({ length: 17 }, () =>
      headers(1, [[':status', '103']], false),
    ),
  };
  test.each(Object.entries(bad))('refused: %s', async (_title, frames) => {
    const harness = await opened();
    const { recorder } = harness.ask();
    expect((await harness.say(...frames)).at(-1)).toMatch(/^RST_STREAM 1 (1|11)$/);
    expect(recorder.reset).toBe('protocol-error');
    expect(recorder.ended).toBe(false);
    // The others on the connection notice nothing.
    const next = harness.ask();
    await harness.say(headers(3, ok, true));
    expect(next.recorder.ended).toBe(true);
  });
});

describe('resets and the end', () => {
  test.each([
    [7, 'refused-stream'],
    [8, 'remote-reset'],
    [2, 'remote-reset'],
    [1, 'protocol-error'],
  ])('RST_STREAM %i is %s', async (code, reason) => {
    const harness = await opened();
    const { recorder } = harness.ask();
    await harness.say(rst(1, code));
    expect(recorder.reset).toBe(reason);
    expect([harness.client.active, harness.client.reusable]).toEqual([0, true]);
  });

  test('what comes for a request that was given up is ignored, and given back', async () => {
    const harness = await opened();
    const { recorder, stream } = harness.ask();
    await harness.say();
    stream.reset('local-reset');
    expect(await harness.say()).toEqual(['RST_STREAM 1 8']);
    expect(await harness.say(headers(1, ok, false), data(1, 'x', true))).toEqual([]);
    expect([recorder.head, recorder.reset, harness.problems]).toEqual([undefined, undefined, []]);
  });

  test('GOAWAY: later streams may be retried, earlier ones go on', async () => {
    const harness = await opened();
    const first = harness.ask();
    const second = harness.ask();
    await harness.say(goaway(0x7fffffff, 0));
    expect([harness.draining, harness.client.available, second.recorder.reset]).toEqual([1, 0, undefined]);
    await harness.say(goaway(1, 0));
    expect([first.recorder.reset, second.recorder.reset]).toEqual([undefined, 'refused-stream']);
    await harness.say(headers(1, ok, true));
    expect(first.recorder.ended).toBe(true);
    expect(harness.socket.writableEnded).toBe(true);
    harness.socket.deliverEnd();
    await turn();
    expect([harness.draining, harness.closed]).toEqual([1, 1]);
  });

  test('close waits for what is under way', async () => {
    const harness = await opened();
    const { recorder } = harness.ask();
    harness.client.close();
    expect(harness.client.reusable).toBe(false);
    expect(await harness.say(headers(1, ok, true))).toEqual([asked(1), 'GOAWAY 0 0']);
    expect(recorder.ended).toBe(true);
  });

  test('a request that crosses with the close of an idle connection was not seen', async () => {
    const harness = await opened();
    harness.ask();
    await harness.say(headers(1, ok, true));
    const { recorder } = harness.ask();
    await harness.say();
    harness.socket.deliverEnd();
    await turn();
    expect([recorder.reset, recorder.resetDetail]).toEqual(['connection-termination', closedWhileIdle]);
  });

  test('the first request of a connection, and one of many, may have been seen', async () => {
    const harness = await opened();
    const all = [harness.ask(), harness.ask()];
    await harness.say();
    harness.socket.destroy();
    await turn();
    expect(all.map(({ recorder }) => [recorder.reset, recorder.resetDetail])).toEqual([
      ['connection-termination', undefined],
      ['connection-termination', undefined],
    ]);
    expect([harness.draining, harness.closed]).toEqual([1, 1]);
  });

  test.each<[string, Buffer, number]>([
    ['a frame before SETTINGS', headers(1, ok, true), 1],
    ['not HTTP/2', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), 6],
  ])('%s', async (_title, bytes, code) => {
    const harness = new ClientHarness();
    expect((await harness.say(bytes)).at(-1)).toBe(`GOAWAY 0 ${code}`);
    expect(harness.draining).toBe(1);
  });

  test.each<[string, Buffer, number]>([
    ['PUSH_PROMISE', frame(FrameType.PushPromise, 4, 1, Buffer.alloc(4)), 1],
    ['HEADERS that nobody asked for', headers(3, ok, true), 1],
    ['HEADERS on an even stream', headers(2, ok, true), 1],
    ['a block that can not be decoded', frame(FrameType.Headers, 4, 1, Buffer.from([0x80])), 9],
    ['the extended CONNECT setting taken back', settings([Setting.EnableConnectProtocol, 2]), 1],
  ])('%s ends the connection and what is on it', async (_title, bytes, code) => {
    const harness = await opened();
    const { recorder } = harness.ask();
    expect((await harness.say(bytes)).at(-1)).toBe(`GOAWAY 0 ${code}`);
    expect(recorder.reset).toBe('protocol-error');
    expect(harness.problems).toHaveLength(1);
  });

  test('a server that never sends SETTINGS', async () => {
    const harness = new ClientHarness();
    harness.clock.advance(10_100);
    expect((await harness.say()).at(-1)).toBe('GOAWAY 0 1');
    expect(harness.problems).toEqual(['preface-timeout']);
  });
});

describe('flow control', () => {
  test('a body waits for the window, its writer is told', async () => {
    const harness = await opened([Setting.InitialWindowSize, 10]);
    const { recorder, stream } = harness.ask('POST', { 'content-length': '100000' }, { end: false });
    expect(stream.sendData(Buffer.alloc(100_000, 'x'), true)).toBe(false);
    expect((await harness.say()).at(-1)).toBe('DATA 1 xxxxxxxxxx');
    expect(await harness.say(windowUpdate(1, 20_000))).toEqual(['DATA 1 16384', 'DATA 1 3616']);
    await harness.say(windowUpdate(0, 100_000));
    expect((await harness.say(windowUpdate(1, 79_990))).at(-1)).toMatch(/^DATA 1 end/);
    expect([recorder.drains, harness.client.active]).toEqual([0, 1]);
  });

  test('while the server does not read, heads and bodies wait and nothing is lost', async () => {
    const harness = await opened([Setting.InitialWindowSize, 10_000_000]);
    await harness.say(windowUpdate(0, 10_000_000));
    harness.socket.stalled = true;
    const first = harness.ask('POST', {}, { end: false });
    let sent = 0;
    while (first.stream.sendData(Buffer.alloc(16_384, 'x'), false)) sent++;
    expect(sent).toBeLessThan(20);
    const second = harness.ask();
    await harness.say();
    harness.socket.stalled = false;
    harness.socket.takeAll();
    const said = [...(await harness.say()), ...(await harness.say())];
    expect(said).toContain(asked(3));
    expect(first.recorder.drains).toBe(1);
    first.stream.sendData(Buffer.alloc(0), true);
    await harness.say();
    await harness.say(headers(1, ok, true), headers(3, ok, true));
    expect([first.recorder.ended, second.recorder.ended]).toEqual([true, true]);
  });
});

describe('tunnels', () => {
  test('an upgrade is extended CONNECT; its 200 is a 101', async () => {
    const harness = await opened([Setting.EnableConnectProtocol, 1]);
    const { recorder, stream } = harness.ask('GET', {}, { upgrade: 'websocket', path: '/chat' });
    stream.sendData(Buffer.from('too early'), false);
    expect(await harness.say()).toEqual([
      'HEADERS 1 :method=CONNECT :scheme=http :path=/chat :authority=a:80 :protocol=websocket',
    ]);
    await harness.say(headers(1, ok, false), data(1, 'hi', false));
    expect([recorder.head?.status, recorder.body]).toEqual([101, 'hi']);
    stream.sendData(Buffer.from('bye'), true);
    expect(await harness.say()).toEqual(['DATA 1 end bye']);
    await harness.say(data(1, '!', true));
    expect([recorder.body, recorder.ended, harness.client.busy]).toEqual(['hi!', true, false]);
  });

  test('CONNECT', async () => {
    const harness = await opened();
    const { recorder } = harness.ask('CONNECT', {}, { upgrade: 'connect', path: '', authority: 'b:443' });
    expect(await harness.say()).toEqual(['HEADERS 1 :method=CONNECT :authority=b:443']);
    await harness.say(headers(1, ok, false), data(1, 'x', true));
    expect([recorder.head?.status, recorder.body, recorder.ended]).toEqual([200, 'x', true]);
  });

  test('a refused one is an ordinary answer, and the request is complete', async () => {
    const harness = await opened([Setting.EnableConnectProtocol, 1]);
    const { recorder } = harness.ask('GET', {}, { upgrade: 'websocket' });
    await harness.say();
    expect(await harness.say(headers(1, [[':status', '403']], false))).toEqual(['DATA 1 end']);
    await harness.say(data(1, 'no', true));
    expect([recorder.head?.status, recorder.body, recorder.ended]).toEqual([403, 'no', true]);
    expect(harness.client.busy).toBe(false);
  });

  test('a server that does not take them is not asked', async () => {
    const harness = await opened();
    const { recorder } = harness.ask('GET', {}, { upgrade: 'websocket' });
    expect(recorder.reset).toBe('local-reset');
    expect(await harness.say()).toEqual([]);
    expect(harness.client.busy).toBe(false);
  });
});
