import { expect, test } from 'vitest';
import { frameMessage, MessageReader } from './message-reader.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

test('messages come out whole however the bytes are split', () => {
  const messages = ['', 'a', 'some text', 'x'.repeat(300)];
  const bytes = Buffer.concat(messages.map((message) => frameMessage(Buffer.from(message))));
  for (let size = 1; size <= bytes.length; size++) {
    const reader = new MessageReader();
    const seen: string[] = [];
    for (let at = 0; at < bytes.length; at += size)
      reader.push(bytes.subarray(at, at + size), (message) => seen.push(text(message)));
    expect(seen).toEqual(messages);
  }
});

test('a message outlives the buffer that it came in', () => {
  const bytes = frameMessage(Buffer.from('keep'));
  const seen: Uint8Array[] = [];
  new MessageReader().push(bytes, (message) => seen.push(message));
  bytes.fill(0);
  expect(text(seen[0] as Uint8Array)).toBe('keep');
});

test('compressed and oversized messages are refused before they are held', () => {
  expect(() => new MessageReader().push(Buffer.of(1, 0, 0, 0, 0), () => {})).toThrow('compressed');
  expect(() => new MessageReader(10).push(Buffer.of(0, 0, 0, 0, 11), () => {})).toThrow('too large');
});
