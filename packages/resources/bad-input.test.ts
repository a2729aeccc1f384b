import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { crossCheckDocuments } from './cross-check.ts';
import { parseResources } from './parse.ts';
import { formatProblem } from './problem.ts';

const folder = join(import.meta.dirname, 'testdata/bad-input');
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml.txt'));
const update = process.env.UPDATE_GOLDEN === '1';

/** What `tulle validate` prints for these bytes: errors only. */
function errorsIn(input: string | Uint8Array, file: string): string[] {
  const { documents, problems } = parseResources(input, { file });
  const all = [
    ...problems,
    ...documents.flatMap((document) => document.problems),
    ...crossCheckDocuments(documents),
  ];
  return all.filter(({ severity }) => severity === 'error').map(formatProblem);
}

test('the table is large enough, and not rewritten in CI', () => {
  expect(files.length).toBeGreaterThanOrEqual(60);
  expect(update && process.env.CI !== undefined).toBe(false);
});

describe('each invalid file gets one clear message', () => {
  test.each(files)('%s', (name) => {
    const path = join(folder, name);
    const text = readFileSync(path, 'utf8');
    const errors = errorsIn(text, name.replace(/\.txt$/, ''));
    const [head = '', ...rest] = text.split('\n');
    if (update && process.env.CI === undefined)
      writeFileSync(path, [`# expected: ${errors.join(' AND ')}`, ...rest].join('\n'));
    else expect(errors).toEqual([head.replace('# expected: ', '')]);
  });
});

describe('what is no text, or too much of it', () => {
  const invalidUtf8 = Uint8Array.from([...new TextEncoder().encode('kind: x\nname: '), 0xc3, 0x28]);
  const cases: readonly (readonly [string, string | Uint8Array, string])[] = [
    ['empty', '', 'f:1:1 is empty: there is no resource in it'],
    ['white space', ' \n\n', 'f:1:1 is empty: there is no resource in it'],
    [
      'binary',
      Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]),
      'f:1:1 is not text: it holds the control character U+007F',
    ],
    ['NUL', 'kind: a\0b', 'f:1:8 is not text: it holds a NUL byte (is this a binary file?)'],
    [
      'invalid UTF-8',
      invalidUtf8,
      'f:2:7 is not text: it holds bytes that are not UTF-8 (is this a binary file?)',
    ],
    ['UTF-16', Uint8Array.from([0xff, 0xfe, 0x6b, 0]), 'f:1:1 is UTF-16; save it as UTF-8'],
    ['50 MB', new Uint8Array(50_000_000).fill(0x61), 'f:1:1 is too large: 47.7 MiB where 8 MiB is the limit'],
    [
      'JSON, unknown field',
      '{\n\t"apiVersion": "v1",\n\t"kind": "Namespace",\n\t"metadata": { "nme": "x", "name": "x" }\n}',
      'f:4:16 metadata.nme: unknown field; did you mean "name"?',
    ],
    [
      'JSON, broken',
      '{"apiVersion": "v1", "kind": }}',
      'f:1:31 invalid JSON: unexpected flow-map-end token: "}"',
    ],
    [
      'JSON, key given twice',
      '{"apiVersion":"v1","apiVersion":"v1"}',
      'f:1:20 apiVersion: is given twice in the same object',
    ],
    ['100,000 brackets', '['.repeat(100_000), 'f:1:69 is nested deeper than 64 levels'],
    ['100,000 dashes', '- '.repeat(100_000), 'f:1:136 is nested deeper than 64 levels'],
  ];
  test.each(cases)('%s', (_name, input, expected) => {
    expect(errorsIn(input, 'f')).toEqual([expected]);
  });
});
