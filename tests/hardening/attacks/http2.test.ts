import { Flag, FrameType } from '@tulle/data-plane/http2/frames/frame';
import { Setting } from '@tulle/data-plane/http2/frames/settings';
import {
  block,
  data,
  frame,
  get,
  headers,
  post,
  rst,
  settings,
  windowUpdate,
  word,
} from '@tulle/data-plane/http2/testing/frames';
import { describe, expect, test } from 'vitest';
import { FrameClient } from '../frame-client.ts';
import { echo } from '../raw-backend.ts';
import { type Attack, underAttack } from './attacked.ts';

/** Sent over and over, as fast as it is taken, by many clients, until the proxy has enough. */
interface Flood {
  readonly before?: readonly Buffer[];
  readonly each: (turn: number) => readonly Buffer[];
  /** RFC 9113 section 7: what the GOAWAY says. */
  readonly code: number;
}

const enhanceYourCalm = 11;
const crowd = 20;
/** Frames of so many turns are written at once. */
const batch = 200;
const id = (turn: number): number => turn * 2 + 1;

const kinds: Readonly<Record<string, Flood>> = {
  'rapid reset (CVE-2023-44487)': {
    each: (turn) => [headers(id(turn), get, true), rst(id(turn), 8)],
    code: enhanceYourCalm,
  },
  'made to reset (CVE-2025-8671)': {
    each: (turn) => [headers(id(turn), get, true), windowUpdate(id(turn), 0)],
    code: enhanceYourCalm,
  },
  'malformed heads': {
    each: (turn) => [headers(id(turn), [...get, ['connection', 'x']], true)],
    code: enhanceYourCalm,
  },
  'CONTINUATION of nothing (CVE-2024-27316)': {
    before: [frame(FrameType.Headers, 0, 1, block(get))],
    each: () => [frame(FrameType.Continuation, 0, 1)],
    code: enhanceYourCalm,
  },
  'CONTINUATION of more and more': {
    before: [frame(FrameType.Headers, 0, 1, block(get))],
    each: () => [frame(FrameType.Continuation, 0, 1, block([['x', 'y'.repeat(4_000)]]))],
    code: enhanceYourCalm,
  },
  'PING (CVE-2019-9512)': {
    each: () => [frame(FrameType.Ping, 0, 0, Buffer.alloc(8))],
    code: enhanceYourCalm,
  },
  'SETTINGS (CVE-2019-9515)': {
    each: () => [settings([Setting.InitialWindowSize, 1])],
    code: enhanceYourCalm,
  },
  'empty DATA (CVE-2019-9518)': {
    before: [headers(1, post, false)],
    each: () => [data(1, '', false)],
    code: enhanceYourCalm,
  },
  'PRIORITY (CVE-2019-9513)': {
    each: (turn) => [frame(FrameType.Priority, 0, id(turn), Buffer.concat([word(0), Buffer.from([1])]))],
    code: enhanceYourCalm,
  },
  'window updates': { each: () => [windowUpdate(0, 1)], code: enhanceYourCalm },
  'unknown frames': { each: () => [frame(0x42, 0, 0)], code: enhanceYourCalm },
  'table size changes': {
    each: () => [settings([Setting.HeaderTableSize, 0], [Setting.HeaderTableSize, 4096])],
    code: enhanceYourCalm,
  },
};

/** Writes turns of the flood until the connection is over; returns the GOAWAY's code. */
async function flood(client: FrameClient, { each }: Flood): Promise<void> {
  for (let turn = 0; client.raw.outcome === 'open' && turn < 300_000; turn += batch) {
    const frames: Buffer[] = [];
    for (let at = 0; at < batch; at++) frames.push(...each(turn + at));
    client.send(...frames);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** So many at a time, each ended as it should be. @returns whether one of them has heard why */
async function floods(port: number, count: number, each: Flood, peak = async () => {}): Promise<boolean> {
  const clients = await Promise.all(
    Array.from({ length: count }, () => FrameClient.open(port, ...(each.before ?? []))),
  );
  await Promise.all(clients.map((client) => flood(client, each)));
  await peak();
  let heard = false;
  for (const client of clients) {
    await client.raw.ended;
    // A reset that overtakes it may take the GOAWAY along: the client was still sending.
    const goaway = client.heard.find((line) => line.startsWith('GOAWAY'));
    heard ||= goaway !== undefined;
    if (goaway !== undefined) expect(goaway).toMatch(new RegExp(` ${each.code}$`));
    else expect(client.raw.outcome).toBe('reset');
    await client.raw.close();
  }
  return heard;
}

describe('floods', () => {
  test.each(Object.entries(kinds))('%s', async (_name, each) => {
    await underAttack({
      run: async (port, peak) => {
        let heard = await floods(port, crowd, each, peak);
        // Where resets have overtaken all of them: one more, until one hears it.
        while (!heard) heard = await floods(port, 1, each);
      },
    });
  });
});

/** A 4,000 byte field in the table, and a block that refers to it 14,000 times: 56 MB out of 14 kB. */
const bomb = (stream: number): Buffer[] => [
  frame(
    FrameType.Headers,
    Flag.EndHeaders | Flag.EndStream,
    stream,
    Buffer.concat([
      block(get),
      stream === 1
        ? Buffer.concat([Buffer.from([0x40, 1, 0x78, 0x7f, 0xa1, 0x1e]), Buffer.alloc(4_000, 'y')])
        : Buffer.alloc(14_000, 0xbe),
    ]),
  ),
];

const attacks: Readonly<Record<string, Attack>> = {
  'HPACK bomb': {
    run: async (port, peak) => {
      const clients = await Promise.all(
        Array.from({ length: crowd }, () => FrameClient.open(port, ...bomb(1))),
      );
      await Promise.all(
        clients.map(async (client) => {
          for (let stream = 3; stream < 203; stream += 2) client.send(...bomb(stream));
          await client.until('HEADERS 201');
          expect(client.heard.filter((line) => line.includes(':status=431'))).toHaveLength(100);
        }),
      );
      await peak();
      for (const { raw } of clients) await raw.close();
    },
  },
  'answers for which no window is ever granted': {
    shape: { manager: { streamIdleTimeoutMs: 2_000 } },
    answer: (_request, { socket }) => {
      if (_request.includes('/bystander'))
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\nGET /bystander');
      else
        socket.write(
          Buffer.concat([
            Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n'),
            Buffer.alloc(300_000),
          ]),
        );
    },
    bounds: { growthMb: 60 },
    run: async (port, peak) => {
      const clients = await Promise.all(
        Array.from({ length: 5 }, () => FrameClient.open(port, settings([Setting.InitialWindowSize, 0]))),
      );
      for (const client of clients) for (let at = 0; at < 20; at++) client.send(headers(id(at), get, true));
      for (const client of clients) await client.until('HEADERS 39');
      await peak();
      for (const client of clients) {
        await client.until('RST_STREAM 39');
        expect(client.heard.filter((line) => line.startsWith('RST_STREAM')).length).toBe(20);
        await client.raw.close();
      }
    },
  },
  'requests without end, and no answer is read': {
    answer: (request, connection) =>
      echo(request.includes('/bystander') ? request : `GET /${'x'.repeat(8_000)} HTTP/1.1`, connection),
    bounds: { growthMb: 60 },
    run: async (port, peak) => {
      const clients = await Promise.all(Array.from({ length: 10 }, () => FrameClient.open(port)));
      await Promise.all(
        clients.map(async (client) => {
          client.raw.socket.pause();
          for (let turn = 0; !client.raw.socket.destroyed && turn < 1_000_000; turn += 20) {
            client.send(...Array.from({ length: 20 }, (_, at) => headers(id(turn + at), get, true)));
            await new Promise((resolve) => setImmediate(resolve));
          }
          // Nothing was read, so a reset is all that is seen of the end.
          expect(client.raw.outcome).toBe('reset');
        }),
      );
      await peak();
    },
  },
  'clients that say nothing after their preface': {
    shape: { manager: { requestHeadersTimeoutMs: 1_000, idleTimeoutMs: 1_000 } },
    run: async (port, peak) => {
      const clients = await Promise.all(Array.from({ length: 200 }, () => FrameClient.open(port)));
      await peak();
      for (const client of clients) {
        await client.raw.ended;
        await client.raw.close();
      }
    },
  },
  'a header block that is never continued': {
    shape: { manager: { requestHeadersTimeoutMs: 1_000 } },
    run: async (port, peak) => {
      const start = frame(FrameType.Headers, 0, 1, block(get));
      const clients = await Promise.all(Array.from({ length: 200 }, () => FrameClient.open(port, start)));
      await peak();
      for (const client of clients) {
        expect(await client.until('GOAWAY')).toMatch(/ 11$/);
        await client.raw.ended;
        await client.raw.close();
      }
    },
  },
  'uploads to an endpoint that does not read them': {
    shape: { manager: { streamIdleTimeoutMs: 2_000 } },
    connected: ({ socket }) =>
      socket.on('data', (chunk: Buffer) => {
        if (chunk.includes('/p')) socket.pause();
      }),
    bounds: { growthMb: 60 },
    run: async (port, peak) => {
      const clients = await Promise.all(Array.from({ length: 5 }, () => FrameClient.open(port)));
      const piece = 'x'.repeat(16_000);
      for (const client of clients)
        for (let at = 0; at < 20; at++) {
          // As much as the window lets it: 20 streams share one of 1 MiB.
          client.send(headers(id(at), post, false), data(id(at), piece, false), data(id(at), piece, false));
        }
      await peak();
      for (const client of clients) {
        await client.until('HEADERS 39');
        expect(client.heard.filter((line) => line.includes(':status=408')).length).toBe(20);
        await client.raw.close();
      }
    },
  },
};

test.each(Object.entries(attacks))('%s', async (_name, attack) => {
  await underAttack(attack);
});
