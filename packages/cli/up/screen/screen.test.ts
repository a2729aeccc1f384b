import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { fit, Screen } from './screen.ts';

test('a block never wraps and is never higher than the terminal', () => {
  expect(fit('one\ntwo\n', 80, 24)).toEqual(['one', 'two']);
  expect(fit('0123456789', 8, 24)).toEqual(['012345…']);
  expect(fit('a\nb\nc\nd\ne', 80, 4)).toEqual(['a', 'b', '… 3 more lines']);
});

test('what stays is written above the block, and the terminal is left as it was', () => {
  let written = '';
  const out = Object.assign(new PassThrough(), { columns: 40, rows: 10 });
  out.on('data', (chunk: Buffer) => {
    written += chunk.toString();
  });
  const screen = new Screen(out);
  screen.draw('one\ntwo');
  screen.writeLine('stays');
  screen.close();
  expect(written).toBe('\x1b[?25lone\ntwo\n\x1b[2F\x1b[Jstays\none\ntwo\n\r\x1b[K\x1b[?25h');
  written = '';
  out.emit('resize');
  expect(written).toBe('');
});

test('after a resize the last lines above the block are there again, as many as have room', () => {
  let written = '';
  const out = Object.assign(new PassThrough(), { columns: 40, rows: 10 });
  out.on('data', (chunk: Buffer) => {
    written += chunk.toString();
  });
  const screen = new Screen(out);
  screen.draw('one\ntwo');
  screen.writeLine('first\nsecond');
  screen.writeLine('0123456789');
  Object.assign(out, { columns: 8, rows: 6 });
  written = '';
  out.emit('resize');
  // Six rows: two for the wrapped line, one for the line before it, two for the block, one for the cursor.
  expect(written).toBe('\x1b[2J\x1b[Hsecond\n0123456789\none\ntwo\n');
  screen.close();
});
