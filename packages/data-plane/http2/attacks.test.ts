import { describe, expect, test } from 'vitest';
import { turn } from '../http1/testing/scripted-socket.fixture.ts';
import { Flag, FrameType } from './frames/frame.ts';
import { Setting } from './frames/settings.ts';
import type { Http2Limits } from './limits.ts';
import type { Http2Problem } from './protocol-error.ts';
import {
  block,
  data,
  frame,
  get,
  goaway,
  headers,
  post,
  rst,
  settings,
  windowUpdate,
  word,
} from './testing/frames.ts';
import { response, type Served, ServerHarness } from './testing/server-harness.ts';

/** What one client may do over and over: a frame, or more, by its number. Each ends in GOAWAY 11. */
interface Flood {
  readonly before?: readonly Buffer[];
  readonly each: (turn: number) => readonly Buffer[];
  readonly problem: Http2Problem;
  /** Times that pass at most. */
  readonly most: number;
  readonly limits?: Partial<Http2Limits>;
}

const id = (turn: number): number => turn * 2 + 1;

const floods: Record<string, Flood> = {
  'rapid reset (CVE-2023-44487)': {
    each: (turn) => [headers(id(turn), get, true), rst(id(turn), 8)],
    problem: 'too-many-resets',
    most: 501,
  },
  'streams that we are made to reset (CVE-2025-8671): window updates of 0': {
    each: (turn) => [headers(id(turn), get, true), windowUpdate(id(turn), 0)],
    problem: 'too-many-resets',
    most: 501,
  },
  'streams that we are made to reset: malformed heads': {
    each: (turn) => [headers(id(turn), [...get, ['connection', 'x']], true)],
    problem: 'too-many-resets',
    most: 501,
  },
  'streams beyond the limit': {
    each: (turn) => [headers(id(turn), get, true)],
    problem: 'too-many-resets',
    most: 256 + 501,
  },
  'RST_STREAM for streams that are closed': {
    before: [headers(1, get, true)],
    each: () => [rst(1, 8)],
    problem: 'too-many-resets',
    most: 501,
  },
  'data on closed streams': {
    each: (turn) => [headers(id(turn), get, true), rst(id(turn), 8), data(id(turn), 'x', false)],
    problem: 'too-many-resets',
    most: 501,
  },
  'PING (CVE-2019-9512)': {
    each: () => [frame(FrameType.Ping, 0, 0, Buffer.alloc(8))],
    problem: 'too-many-frames',
    most: 1_001,
  },
  'SETTINGS (CVE-2019-9515)': {
    each: () => [settings([Setting.InitialWindowSize, 1])],
    problem: 'too-many-frames',
    most: 1_001,
  },
  'SETTINGS acknowledgements': {
    each: () => [frame(FrameType.Settings, Flag.Ack, 0)],
    problem: 'too-many-frames',
    most: 1_001,
  },
  'empty DATA (CVE-2019-9518)': {
    before: [headers(1, post, false)],
    each: () => [data(1, '', false)],
    problem: 'too-many-frames',
    most: 1_001,
  },
  'DATA of padding only': {
    before: [headers(1, post, false)],
    each: () => [frame(FrameType.Data, Flag.Padded, 1, Buffer.from([0]))],
    problem: 'too-many-frames',
    most: 1_001,
  },
  'PRIORITY (CVE-2019-9513)': {
    each: (turn) => [frame(FrameType.Priority, 0, id(turn), Buffer.concat([word(0), Buffer.from([1])]))],
    problem: 'too-many-frames',
    most: 1_001,
  },
  'heads on a stream that we have reset': {
    before: [headers(1, [...get, ['connection', 'x']], true)],
    each: () => [headers(1, get, true)],
    problem: 'too-many-frames',
    most: 1_500,
  },
  GOAWAY: {
    before: [headers(1, get, true)],
    each: () => [goaway(0, 0)],
    problem: 'too-many-frames',
    most: 1_001,
  },
  'window updates': {
    each: () => [windowUpdate(0, 1)],
    problem: 'too-many-frames',
    most: 1_001,
  },
  'frames of unknown types': {
    each: () => [frame(0x42, 0, 0)],
    problem: 'too-many-frames',
    most: 1_001,
  },
  'CONTINUATION of nothing (CVE-2024-27316)': {
    before: [frame(FrameType.Headers, 0, 1, block(get))],
    each: () => [frame(FrameType.Continuation, 0, 1)],
    problem: 'block-too-large',
    most: 33,
  },
  'CONTINUATION of more and more': {
    before: [frame(FrameType.Headers, 0, 1, block(get))],
    each: () => [frame(FrameType.Continuation, 0, 1, block([['x', 'y'.repeat(16_000)]]))],
    problem: 'block-too-large',
    most: 5,
  },
};

describe('floods', () => {
  test.each(Object.entries(floods))('%s', async (_title, { before = [], each, problem, most, limits }) => {
    const harness = new ServerHarness(() => {}, limits);
    await harness.open(...before);
    let turns = 0;
    for (; turns < most + 10 && harness.server.open; turns++) {
      harness.socket.deliver(Buffer.concat(each(turns)));
      if (turns % 100 === 99 || turns >= most - 1) await turn();
    }
    await turn();
    expect(harness.problems.at(-1)).toBe(problem);
    expect(harness.server.open).toBe(false);
    expect(harness.heard().at(-1)).toMatch(/^GOAWAY \d+ 11$/);
    expect(harness.server.busy).toBe(false);
    for (const { recorder } of harness.requests) expect(recorder.reset).toBeDefined();
  });

  test('the same numbers spread over time are nothing', async () => {
    const harness = new ServerHarness();
    await harness.open();
    for (let turns = 0; turns < 1_500; turns++) {
      harness.clock.advance(30);
      harness.socket.deliver(
        Buffer.concat([
          headers(id(turns), get, true),
          rst(id(turns), 8),
          frame(FrameType.Ping, 0, 0, Buffer.alloc(8)),
        ]),
      );
      if (turns % 100 === 0) await turn();
    }
    await turn();
    expect([harness.problems, harness.server.open, harness.requests.length]).toEqual([[], true, 1_500]);
  });

  test('a busy connection may ping and update as much as it works', async () => {
    const harness = new ServerHarness(({ stream }) => stream.sendHead(response(200), true));
    await harness.open();
    for (let turns = 0; turns < 3_000; turns++) {
      harness.socket.deliver(
        Buffer.concat([
          headers(id(turns), get, true),
          frame(FrameType.Ping, 0, 0, Buffer.alloc(8)),
          windowUpdate(0, 1),
        ]),
      );
      if (turns % 50 === 0) await turn();
    }
    await turn();
    expect([harness.problems, harness.server.open]).toEqual([[], true]);
  });
});

describe('heads', () => {
  test('a list beyond the limit is answered 431; the table stays whole', async () => {
    const harness = new ServerHarness();
    await harness.open();
    const large = Array.from({ length: 10 }, (_, at) => [`x-${at}`, 'y'.repeat(8_000)] as const);
    const whole = block([...get, ...large]);
    const said = await harness.say(
      frame(FrameType.Headers, Flag.EndStream, 1, whole.subarray(0, 16_000)),
      ...[1, 2, 3].map((at) =>
        frame(FrameType.Continuation, 0, 1, whole.subarray(at * 16_000, at * 16_000 + 16_000)),
      ),
    );
    expect(said).toEqual([]);
    // The last part passes what a block may take on the wire.
    expect(
      (await harness.say(frame(FrameType.Continuation, Flag.EndHeaders, 1, whole.subarray(64_000)))).at(-1),
    ).toBe('GOAWAY 0 11');
  });

  test('HPACK bomb: a large entry, referred to over and over', async () => {
    const harness = new ServerHarness();
    await harness.open();
    const entry = Buffer.concat([
      Buffer.from([0x40, 1, 0x78, 0x7f, 0x81, 0x1e]),
      Buffer.alloc(127 + 1 + 30 * 128, 'y'),
    ]);
    const bomb = Buffer.concat([block(get), entry, Buffer.alloc(12_000, 0xbe)]);
    expect(await harness.say(frame(FrameType.Headers, Flag.EndHeaders | Flag.EndStream, 1, bomb))).toEqual([
      'HEADERS 1 end :status=431 content-length=0',
    ]);
    expect(harness.requests).toEqual([]);
    // The entry is there: the block was decoded to its end.
    await harness.say(frame(FrameType.Headers, 5, 3, Buffer.concat([block(get), Buffer.from([0xbe])])));
    expect((harness.requests[0] as Served).head.headers.get('x')).toHaveLength(127 + 1 + 30 * 128);
  });

  test('more than 100 fields', async () => {
    const harness = new ServerHarness();
    const fields = Array.from({ length: 101 }, (_, at) => [`x-${at}`, 'y'] as const);
    expect((await harness.open(headers(1, [...get, ...fields], true))).at(-1)).toMatch(
      /^HEADERS 1 end :status=431/,
    );
    expect(await harness.say(headers(3, [...post, ...fields], false))).toEqual([
      'HEADERS 3 end :status=431 content-length=0',
      'RST_STREAM 3 11',
    ]);
  });

  test('a cookie in very many parts stays within the limit', async () => {
    const harness = new ServerHarness();
    const crumbs = Array.from({ length: 300 }, () => ['cookie', 'a=b'] as const);
    await harness.open(headers(1, [...get, ...crumbs], true));
    expect((harness.requests[0] as Served).head.headers.size).toBe(1);
    const many = Buffer.concat([block(get), Buffer.alloc(3_000, 0xa0)]);
    expect(await harness.say(frame(FrameType.Headers, 5, 3, many))).toEqual([
      'HEADERS 3 end :status=431 content-length=0',
    ]);
  });

  test('a block that does not end in time', async () => {
    const harness = new ServerHarness();
    await harness.open(frame(FrameType.Headers, 0, 1, block(get)));
    harness.clock.advance(10_100);
    expect(await harness.say()).toEqual(['GOAWAY 0 11']);
    expect(harness.problems).toEqual(['block-timeout']);
  });

  test('a client that never says anything', async () => {
    const harness = new ServerHarness();
    await harness.say();
    harness.clock.advance(10_100);
    expect(await harness.say()).toEqual(['GOAWAY 0 1']);
    harness.clock.advance(1_100);
    await turn();
    expect(harness.closed).toBe(true);
  });
});

test('a window that is granted octet by octet (CVE-2019-9511)', async () => {
  const harness = new ServerHarness(({ stream }) => {
    stream.sendHead(response(200), false);
    stream.sendData(Buffer.alloc(64 * 1024, 'x'), true);
  });
  await harness.open(settings([Setting.InitialWindowSize, 0]), headers(1, get, true));
  let turns = 0;
  for (; turns < 1_100 && harness.server.open; turns++) {
    harness.socket.deliver(windowUpdate(1, 1));
    if (turns % 50 === 0) await turn();
  }
  await turn();
  expect(harness.problems).toEqual(['too-many-frames']);
});

describe('clients that do not take what they asked for', () => {
  const body = Buffer.alloc(32 * 1024, 'x');

  test('a window of 0 for a complete answer ends in a reset', async () => {
    const harness = new ServerHarness(({ stream }) => {
      stream.sendHead(response(200), false);
      stream.sendData(body, true);
    });
    await harness.open(settings([Setting.InitialWindowSize, 0]), headers(1, get, true));
    harness.clock.advance(290_000);
    expect(await harness.say()).toEqual([]);
    harness.clock.advance(290_000);
    expect(await harness.say()).toEqual(['RST_STREAM 1 8']);
    expect([harness.problems, harness.server.busy]).toEqual([['send-stalled'], false]);
  });

  test('a window that grows by one octet at a time is not a stall, nor work without end', async () => {
    const harness = new ServerHarness(({ stream }) => {
      stream.sendHead(response(200), false);
      stream.sendData(body, true);
    });
    await harness.open(settings([Setting.InitialWindowSize, 0]), headers(1, get, true));
    for (let turns = 0; turns < 5; turns++) {
      harness.clock.advance(140_000);
      expect(await harness.say(windowUpdate(1, 1))).toEqual(['DATA 1 x']);
    }
    expect(harness.problems).toEqual([]);
  });

  test('a client that reads nothing: answers wait as objects, streams are bounded', async () => {
    const harness = new ServerHarness(({ stream }) => {
      stream.sendHead(response(200, { 'x-large': 'y'.repeat(8_000) }), true);
    });
    await harness.open();
    harness.socket.stalled = true;
    let turns = 0;
    for (; turns < 5_000 && harness.server.open; turns++) {
      harness.socket.deliver(headers(id(turns), get, true));
      await turn();
    }
    expect(harness.problems.at(-1)).toBe('too-many-resets');
    expect(harness.requests.length).toBeLessThan(320);
    expect(harness.socket.writableLength).toBeLessThan(512 * 1024);
    harness.socket.takeAll();
    await turn();
  });

  test('a client that reads nothing but pings: answers to it are bounded', async () => {
    const harness = new ServerHarness(({ stream }) => stream.sendHead(response(200), false), {
      idleFrameBurst: 1_000_000,
      maxControlBytes: 10_000,
    });
    await harness.open(headers(1, get, true));
    harness.socket.stalled = true;
    const { stream } = harness.requests[0] as Served;
    await harness.say(windowUpdate(0, 1_000_000), windowUpdate(1, 1_000_000));
    for (let part = 0; part < 6; part++) stream.sendData(body, false);
    await turn();
    for (let turns = 0; turns < 2_000 && harness.server.open; turns++) {
      harness.socket.deliver(frame(FrameType.Ping, 0, 0, Buffer.alloc(8)));
    }
    await turn();
    expect(harness.problems).toEqual(['not-reading']);
  });

  test('uploads to a reader that has stopped are held within the window', async () => {
    const limits = { streamWindow: 20_000, maxStreamWindow: 20_000 };
    const harness = new ServerHarness(() => {}, limits);
    await harness.open(headers(1, post, false));
    (harness.requests[0] as Served).stream.pause();
    await harness.say(data(1, 'x'.repeat(10_000), false), data(1, 'x'.repeat(10_000), false));
    expect(await harness.say(data(1, 'x', false))).toEqual(['RST_STREAM 1 3']);
  });

  test('more than the connection’s window ends the connection', async () => {
    const limits = { connectionWindow: 65_536, maxConnectionWindow: 65_536, streamWindow: 65_536 };
    const harness = new ServerHarness(() => {}, limits);
    await harness.open(headers(1, post, false), headers(3, post, false));
    for (const { stream } of harness.requests) stream.pause();
    const part = 'x'.repeat(16_384);
    await harness.say(data(1, part, false), data(1, part, false), data(3, part, false), data(3, part, false));
    expect(harness.server.open).toBe(true);
    expect((await harness.say(data(3, 'x', false))).at(-1)).toBe('GOAWAY 3 3');
  });
});
