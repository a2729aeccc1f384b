import { Writable } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Outbox, Outboxes } from './outbox.ts';

/** A socket that takes all at once, and remembers. */
class Sink extends Writable {
  readonly writes: Buffer[] = [];
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.writes.push(Buffer.from(chunk));
    done();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function open(outboxes: Outboxes): { readonly sink: Sink; readonly outbox: Outbox } {
  const sink = new Sink({ highWaterMark: 1024 * 1024 });
  // Of a Duplex it uses what a Writable has.
  return { sink, outbox: outboxes.open(sink as unknown as Parameters<Outboxes['open']>[0], () => {}) };
}

const piece = fc.tuple(
  fc.constantFrom('bytes', 'text', 'claim'),
  fc.oneof(fc.integer({ min: 0, max: 9_000 }), fc.integer({ min: 0, max: 100_000 })),
  fc.integer({ min: 32, max: 126 }),
);

test('what is written in a turn goes out in its order, whatever its sizes', async () => {
  const outboxes = new Outboxes();
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
      const { sink, outbox } = open(outboxes);
      const expected: Buffer[] = [];
      for (const [way, length, byte] of pieces) {
        const size = way === 'claim' ? Math.min(length, 64 * 1024) : length;
        const bytes = Buffer.alloc(size, byte);
        expected.push(bytes);
        if (way === 'bytes') outbox.write(bytes);
        else if (way === 'text') outbox.writeLatin1(bytes.toString('latin1'));
        else {
          const room = outbox.claim(size);
          room.set(bytes, outbox.claimedAt);
          outbox.commit(size);
        }
      }
      await turn();
      expect(Buffer.concat(sink.writes).equals(Buffer.concat(expected))).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test('connections that write little in a turn find their room where the last turn left it', async () => {
  const outboxes = new Outboxes();
  const all = Array.from({ length: 100 }, () => open(outboxes));
  const rooms = async (): Promise<Set<Buffer>> => {
    const seen = new Set<Buffer>();
    for (const { outbox } of all) {
      outbox.writeLatin1('little');
      seen.add(outbox.claim(1));
    }
    await turn();
    return seen;
  };
  const first = await rooms();
  expect(first.size).toBe(100);
  expect(new Set([...first, ...(await rooms())]).size).toBe(100);
  expect(all[0]?.sink.writes.map(String)).toEqual(['little', 'little']);
});
