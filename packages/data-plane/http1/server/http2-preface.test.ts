import { expect, test } from 'vitest';
import { isHttp2Preface } from './http2-preface.ts';

test.each([
  ['PRI * HTTP/2.0\r\n\r\n', true],
  ['PRI * HTTP/2.0\r\nhost: a\r\n\r\n', false],
  ['PRI * HTTP/1.1\r\n\r\n', false],
  ['PRI / HTTP/2.0\r\n\r\n', false],
])('%j: %s', (head, is) => {
  const bytes = Buffer.from(`..${head}SM\r\n\r\n`);
  expect(isHttp2Preface(bytes, 2, 2 + head.length)).toBe(is);
});
