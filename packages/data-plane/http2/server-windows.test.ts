import { Headers } from '@tulle/decision/headers';
import { describe, expect, test } from 'vitest';
import { turn } from '../http1/testing/scripted-socket.fixture.ts';
import { Setting } from './frames/settings.ts';
import { data, get, headers, post, settings, windowUpdate } from './testing/frames.ts';
import { response, type Served, ServerHarness } from './testing/server-harness.ts';

const body = 'x'.repeat(10_000);

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
