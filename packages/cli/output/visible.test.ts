import { expect, test } from 'vitest';
import { visible } from './visible.ts';

test.each([
  ['what is plain', 'a\tb\r\nç 日本 \u{1f600}', 'a\tb\nç 日本 \u{1f600}'],
  ['paint', '\x1b[1mbold\x1b[22m \x1b[38;5;9mred\x1b[0m', '\x1b[1mbold\x1b[22m \x1b[38;5;9mred\x1b[0m'],
  ['another line in place of this one', 'refused\x1b[2K\rapplied', 'refused\\x1b[2K\\x0dapplied'],
  ['the title', '\x1b]0;x\x07', '\\x1b]0;x\\x07'],
  ['the clipboard, in one byte', '\x9d52;c;eA==\x9c', '\\x9d52;c;eA==\\x9c'],
  ['what erases', 'ab\b\x7f\0', 'ab\\x08\\x7f\\x00'],
  ['an escape that does not end', '\x1b[1', '\\x1b[1'],
])('%s', (_, text, expected) => expect(visible(text)).toBe(expected));
