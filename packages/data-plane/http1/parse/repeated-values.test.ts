import { Headers } from '@tulle/decision/headers';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { defaultHttp1Limits } from '../limits.ts';
import { BodyCoding, writeResponseHead } from '../write/head-writer.ts';
import { Fields } from './fields.ts';

/** Values that begin like others, end in what is not part of them, or are long. */
const value = fc.oneof(
  fc.constantFrom('', 'a', 'ab', 'abc', 'a b', 'text/plain', 'text/plain; charset=utf-8', 'text/plai'),
  fc.integer({ min: 0, max: 300 }).map((length) => 'x'.repeat(length)),
  fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\t', '\xe9'), maxLength: 40 }).map((text) => text.trim()),
);
const name = fc.constantFrom('Content-Type', 'content-type', 'Server', 'X-Other', 'Authorization');
const padding = fc.constantFrom('', ' ', '\t', '  ');
const line = fc.tuple(name, value, padding, padding);
const heads = fc.array(fc.array(line, { maxLength: 6 }), { minLength: 1, maxLength: 8 });

const trimmed = (text: string): string => text.replace(/^[ \t]+|[ \t]+$/g, '');

test('each head has its own values, whatever the heads before it had', () => {
  const fields = new Fields();
  fc.assert(
    fc.property(heads, (all) => {
      for (const lines of all) {
        const bytes = Buffer.from(
          lines.map(([field, text, before, after]) => `${field}:${before}${text}${after}\r\n`).join(''),
          'latin1',
        );
        fields.parse(bytes, 0, bytes.length, defaultHttp1Limits);
        const { headers } = fields;
        expect(lines.map((_, at) => headers.spelledAt(at))).toEqual(lines.map(([field]) => field));
        expect([...headers].map(([, text]) => text)).toEqual(lines.map(([, text]) => trimmed(text)));
      }
    }),
    { numRuns: 500 },
  );
});

test('a value that begins as the last one and goes on badly is refused', () => {
  const fields = new Fields();
  const parse = (text: string): void => {
    const bytes = Buffer.from(text, 'latin1');
    fields.parse(bytes, 0, bytes.length, defaultHttp1Limits);
  };
  parse('Server: nginx\r\n');
  for (const bad of ['nginx\0', 'nginx\rx', 'ngi\0nx', '\0nginx', 'nginx\x7f']) {
    expect(() => parse(`Server: ${bad}\r\n`), bad).toThrow();
    parse('Server: nginx\r\n');
    expect([...fields.headers]).toEqual([['server', 'nginx']]);
  }
});

test('what is written of a field is its own value, cleaned, whatever was written before', () => {
  const field = fc.tuple(name, fc.oneof(value, fc.constantFrom('a\r\nb', 'nul\0', '\u2026')));
  const expected = (text: string): string =>
    Buffer.from(text, /[^\0-\xff]/.test(text) ? 'utf8' : 'latin1')
      .toString('latin1')
      .replace(/[^\t\x20-\x7e\x80-\xff]/g, '?');
  fc.assert(
    fc.property(fc.array(fc.array(field, { maxLength: 6 }), { minLength: 1, maxLength: 8 }), (all) => {
      for (const fields of all) {
        const headers = new Headers();
        for (const [spelled, text] of fields) headers.add(spelled.toLowerCase(), text, spelled);
        const head = { status: 200, headers, protocol: 'HTTP/1.1' };
        const lines = fields.map(([spelled, text]) => `\r\n${spelled}: ${expected(text)}`);
        let written = '';
        const writeText = (text: string): void => {
          written += text;
        };
        // Each twice: the second time what was written is known.
        writeResponseHead({ writeText }, head, BodyCoding.AsIs, '');
        writeResponseHead({ writeText }, head, BodyCoding.AsIs, '');
        expect(written).toBe(`HTTP/1.1 200 OK${lines.join('')}\r\n\r\n`.repeat(2));
      }
    }),
    { numRuns: 500 },
  );
});
