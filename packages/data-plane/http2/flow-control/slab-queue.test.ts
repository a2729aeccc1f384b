import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SlabQueue } from './slab-queue.ts';

test('what goes in comes out, in order, however it is cut', () => {
  const step = fc.record({
    append: fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 50_000 })),
    drop: fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 60_000 })),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const queue = new SlabQueue();
      let expected = Buffer.alloc(0);
      let next = 0;
      for (const { append, drop } of steps) {
        const chunk = Buffer.from(Array.from({ length: append }, () => next++ & 0xff));
        queue.append(chunk);
        expected = Buffer.concat([expected, chunk]);
        for (let left = Math.min(drop, queue.length); left > 0; ) {
          const part = queue.peek();
          const length = Math.min(left, part.length);
          expect(part.subarray(0, length).equals(expected.subarray(0, length))).toBe(true);
          queue.drop(length);
          expected = expected.subarray(length);
          left -= length;
        }
        expect(queue.length).toBe(expected.length);
      }
      if (steps.length % 2 === 0) queue.clear();
      while (queue.length > 0) {
        const part = queue.peek();
        expect(part.equals(expected.subarray(0, part.length))).toBe(true);
        queue.drop(part.length);
        expected = expected.subarray(part.length);
      }
      expect(queue.peek().length).toBe(0);
    }),
    { numRuns: 50 },
  );
});
