import { Headers } from '@tulle/decision/headers';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { Base64Reader } from './base64.ts';
import { trailersFrame } from './trailers-frame.ts';

describe('base64', () => {
  test('messages padded one by one, cut anywhere, come out whole', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 6 }),
        fc.integer({ min: 1, max: 9 }),
        (messages, size) => {
          const text = messages.map((message) => Buffer.from(message).toString('base64')).join('');
          const reader = new Base64Reader();
          const out: Buffer[] = [];
          for (let at = 0; at < text.length; at += size)
            out.push(reader.take(Buffer.from(text.slice(at, at + size))) as Buffer);
          expect(Buffer.concat(out).equals(Buffer.concat(messages))).toBe(true);
          expect(reader.complete).toBe(true);
        },
      ),
    );
  });

  it.each(['a===', '====', 'ab c', 'ab\nc', 'ab-_', 'a=bc'])('refuses %j', (text) => {
    expect(new Base64Reader().take(Buffer.from(text))).toBeUndefined();
  });

  it('knows that it ends too early', () => {
    const reader = new Base64Reader();
    reader.take(Buffer.from('aGkhYQ'));
    expect(reader.complete).toBe(false);
  });
});

test('trailers are a frame of field lines', () => {
  const frame = trailersFrame(Headers.of({ 'grpc-status': '0', 'grpc-message': 'fine' }));
  expect(frame.readUInt32BE(1)).toBe(frame.length - 5);
  expect(frame[0]).toBe(0x80);
  expect(frame.subarray(5).toString()).toBe('grpc-status: 0\r\ngrpc-message: fine\r\n');
});
