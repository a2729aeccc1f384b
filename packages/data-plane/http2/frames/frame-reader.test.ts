import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Http2Error } from '../protocol-error.ts';
import { frame } from '../testing/frames.ts';
import { FrameReader } from './frame-reader.ts';

const arbitraryFrame = fc
  .record({
    type: fc.integer({ min: 0, max: 12 }),
    flags: fc.integer({ min: 0, max: 255 }),
    id: fc.integer({ min: 0, max: 0x7fffffff }),
    payload: fc.uint8Array({ maxLength: 60 }),
    padding: fc.integer({ min: 0, max: 20 }),
  })
  .map(({ type, flags, id, payload, padding }) => {
    const content = Buffer.from(payload);
    if (type !== 0)
      return {
        bytes: frame(type, flags, id, content),
        told: `${type} ${flags} ${id} ${content.toString('hex')}`,
      };
    const padded = (flags & 8) !== 0;
    const whole = padded ? Buffer.concat([Buffer.from([padding]), content, Buffer.alloc(padding)]) : content;
    return {
      bytes: frame(0, flags, id, whole),
      told: `data ${flags} ${id} ${whole.length} ${content.toString('hex')} last`,
    };
  });

test('frames are the same however they are cut', () => {
  fc.assert(
    fc.property(
      fc.array(arbitraryFrame, { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
      (frames, cuts) => {
        const bytes = Buffer.concat(frames.map((each) => each.bytes));
        const expected = frames.map((each) => each.told);
        expect(read([bytes])).toEqual(expected);
        expect(read([...bytes].map((byte) => Buffer.from([byte])))).toEqual(expected);
        expect(read(pieces(bytes, cuts))).toEqual(expected);
      },
    ),
    { numRuns: 200 },
  );
});

test.each([
  ['a frame of more than 16,384 octets', Buffer.from([0, 0x40, 1, 1, 0, 0, 0, 0, 1])],
  ['padding without its length', frame(0, 8, 1)],
  ['more padding than payload', frame(0, 8, 1, Buffer.from([5, 1, 2, 3, 4]))],
])('%s is refused', (_title, bytes) => {
  expect(() => read([bytes])).toThrow(Http2Error);
  expect(() => read([...bytes].map((byte) => Buffer.from([byte])))).toThrow(Http2Error);
});

test('nothing is read after stop', () => {
  let seen = 0;
  const reader: FrameReader = new FrameReader({
    onFrame: () => {
      seen++;
      reader.stop();
    },
    onDataFrame: () => {},
    onDataPart: () => {},
  });
  reader.read(Buffer.concat([frame(6, 0, 0), frame(6, 0, 0)]));
  reader.read(frame(6, 0, 0));
  expect(seen).toBe(1);
});

function read(chunks: readonly Buffer[]): string[] {
  const told: string[] = [];
  let data = '';
  const reader = new FrameReader({
    onFrame: (type, flags, id, bytes, from, to) =>
      told.push(`${type} ${flags} ${id} ${bytes.toString('hex', from, to)}`),
    onDataFrame: (flags, id, length) => {
      data = `data ${flags} ${id} ${length} `;
    },
    onDataPart: (bytes, from, to, last) => {
      data += bytes.toString('hex', from, to);
      if (last) told.push(`${data} last`);
    },
  });
  for (const chunk of chunks) reader.read(chunk);
  return told;
}

function pieces(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const size = sizes[index % sizes.length] as number;
    parts.push(bytes.subarray(at, at + size));
    at += size;
  }
  return parts;
}
