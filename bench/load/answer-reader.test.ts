import { expect, test } from 'vitest';
import { AnswerReader } from './answer-reader.ts';

const answer = (status: number, body: string): string =>
  `HTTP/1.1 ${status} X\r\nContent-Length: ${body.length}\r\nServer: test\r\n\r\n${body}`;

test('answers are found wherever the bytes are cut', () => {
  const bytes = Buffer.from(answer(200, 'hello') + answer(503, '') + answer(200, 'a\r\n\r\nb'), 'latin1');
  for (let size = 1; size <= bytes.length; size++) {
    const seen: number[] = [];
    const reader = new AnswerReader((status) => seen.push(status));
    for (let at = 0; at < bytes.length; at += size) reader.read(bytes.subarray(at, at + size));
    expect(seen, `in pieces of ${size}`).toEqual([200, 503, 200]);
  }
});

test('an answer without a length is an error, not a wrong figure', () => {
  const reader = new AnswerReader(() => {});
  expect(() => reader.read(Buffer.from('HTTP/1.1 200 OK\r\n\r\n'))).toThrow('Content-Length');
});
