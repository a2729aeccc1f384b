import { Flag, FrameType } from '@tulle/data-plane/http2/frames/frame';
import { block, data, frame, headers } from '@tulle/data-plane/http2/testing/frames';
import { cleanupAfterEach } from '@tulle/data-plane/testing/cleanup';
import { describe, expect, test } from 'vitest';
import { FrameClient } from '../frame-client.ts';
import { httpProxy } from '../proxy.ts';
import { rawBackend } from '../raw-backend.ts';
import { asSent } from './as-sent.ts';
import type { FrameCase } from './case.ts';
import { frameCases } from './frames.ts';

const cleanup = cleanupAfterEach();

describe('HTTP/2 messages that a reader of HTTP/1.1 may understand differently', () => {
  test.each(frameCases.map((each) => [`${each.group}: ${each.name}`, each] as const))(
    '%s',
    async (_, each) => {
      const backend = await rawBackend();
      cleanup.push(() => backend.close());
      const proxy = await httpProxy(backend.port);
      cleanup.push(() => proxy.close());
      const client = await FrameClient.open(proxy.port, ...message(each));
      cleanup.push(() => client.raw.close());

      if (each.reset !== undefined)
        expect(await client.until('RST_STREAM 1 ')).toBe(`RST_STREAM 1 ${each.reset}`);
      else expect(await client.until('HEADERS 1 ')).toContain(`:status=${each.status ?? 200}`);
      // Nothing is left in the way of others, on the same connection and the same pool.
      client.send(headers(3, innocent, true));
      await client.until('DATA 3');
      expect(client.heard).toContain('DATA 3 end GET /innocent');
      expect(backend.requests.map(asSent)).toEqual([
        ...each.upstream,
        'GET /innocent HTTP/1.1\r\nHost: a\r\n\r\n',
      ]);
      expect(backend.connections.map(({ partial }) => partial).join('')).not.toContain('/admin');
    },
  );
});

const innocent = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/innocent'],
  [':authority', 'a'],
] as const;

function message({ fields, data: parts = [], trailers }: FrameCase): Buffer[] {
  const ends = trailers === undefined;
  const frames = [headers(1, fields, parts.length === 0 && ends)];
  for (const [at, part] of parts.entries()) frames.push(data(1, part, at === parts.length - 1 && ends));
  if (!ends) frames.push(frame(FrameType.Headers, Flag.EndHeaders | Flag.EndStream, 1, block(trailers)));
  return frames;
}
