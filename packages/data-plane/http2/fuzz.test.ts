import fc from 'fast-check';
import { expect, test } from 'vitest';
import { turn } from '../http1/testing/scripted-socket.fixture.ts';
import { ClientHarness } from './testing/client-harness.ts';
import { block, frame, get, post, settings } from './testing/frames.ts';
import { echo, response, ServerHarness } from './testing/server-harness.ts';

/** Any frames in any order: served, refused or the connection ended; never an exception, never a broken seam. */
const payload = fc.oneof(
  fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom(
    block(get),
    block(post),
    block([[':status', '200']]),
    block([['x', 'y']]),
    Buffer.alloc(0),
    Buffer.alloc(4),
    Buffer.from([0, 0, 0, 9]),
    Buffer.alloc(8),
  ),
);
const anyFrame = fc
  .tuple(
    fc.oneof(fc.constantFrom(0, 1, 1, 1, 3, 8, 9), fc.integer({ min: 0, max: 11 })),
    fc.constantFrom(0, 1, 4, 5, 5, 4, 8, 0x0d, 0x25),
    fc.constantFrom(0, 1, 1, 3, 5, 7, 2),
    payload,
  )
  .map(([type, flags, id, bytes]) => frame(type, flags, id, bytes));
const script = fc.tuple(fc.array(anyFrame, { maxLength: 12 }), fc.boolean(), fc.integer({ min: 1, max: 30 }));

async function deliver(socket: { deliver(bytes: Buffer): void }, bytes: Buffer, size: number): Promise<void> {
  for (let at = 0; at < bytes.length; at += size) socket.deliver(bytes.subarray(at, at + size));
  await turn();
}

test('a server', async () => {
  await fc.assert(
    fc.asyncProperty(script, async ([frames, early, size]) => {
      const harness = new ServerHarness(({ stream, recorder }) => {
        if (early && recorder.head !== undefined) {
          stream.sendHead(response(200), false);
          stream.sendData(Buffer.from('early'), true);
        } else echo({ stream, recorder, head: recorder.head ?? failure() });
      });
      await harness.open();
      await deliver(harness.socket, Buffer.concat(frames), size);
      harness.socket.destroy();
      await turn();
      expect(harness.server.busy).toBe(false);
      for (const { recorder } of harness.requests)
        expect(recorder.ended || recorder.reset !== undefined || early).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test('a client', async () => {
  await fc.assert(
    fc.asyncProperty(script, async ([frames, unfinished, size]) => {
      const harness = new ClientHarness();
      await harness.say(settings());
      const all = [harness.ask(), harness.ask('POST', {}, { end: !unfinished }), harness.ask('HEAD')];
      await turn();
      await deliver(harness.socket, Buffer.concat(frames), size);
      harness.socket.destroy();
      await turn();
      expect(harness.client.busy).toBe(false);
      expect([harness.draining, harness.closed]).toEqual([1, 1]);
      for (const { recorder } of all) expect(recorder.ended || recorder.reset !== undefined).toBe(true);
    }),
    { numRuns: 300 },
  );
});

function failure(): never {
  throw new Error('an event before the head');
}
