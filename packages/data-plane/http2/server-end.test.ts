import { describe, expect, test } from 'vitest';
import { turn } from '../http1/testing/scripted-socket.fixture.ts';
import { Flag, FrameType } from './frames/frame.ts';
import { data, frame, get, goaway, headers, post } from './testing/frames.ts';
import { response, type Served, ServerHarness } from './testing/server-harness.ts';

const body = 'x'.repeat(10_000);

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
