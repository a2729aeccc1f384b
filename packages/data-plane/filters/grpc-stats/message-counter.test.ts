import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MessageCounter } from './message-counter.ts';

const message = (body: Uint8Array, flag = 0): Buffer => {
  const prefix = Buffer.alloc(5, flag);
  prefix.writeUInt32BE(body.length, 1);
  return Buffer.concat([prefix, body]);
};

test('counts messages of any size, cut anywhere', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 600 }), { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
      (bodies, cuts) => {
        const bytes = Buffer.concat(bodies.map((body, index) => message(body, index % 2)));
        const counter = new MessageCounter();
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const size = cuts[turn % cuts.length] as number;
          counter.take(bytes.subarray(at, at + size));
          at += size;
        }
        expect(counter.messages).toBe(bodies.length);
      },
    ),
  );
});

test('a length of four gigabytes is no negative one', () => {
  const counter = new MessageCounter();
  counter.take(Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0]));
  counter.take(Buffer.alloc(100));
  expect(counter.messages).toBe(1);
});
