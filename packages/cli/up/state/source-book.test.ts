import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readSources, recordSources } from './source-book.ts';

let folder: string;
let book: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tulle-book-'));
  book = join(folder, 'sources.json');
});

afterEach(() => rmSync(folder, { recursive: true }));

const route = (name: string, file?: string) => ({
  kind: { kind: 'VirtualService' },
  namespace: 'default',
  name,
  file,
});

test('an entry is replaced, and goes with its file', () => {
  recordSources(book, [route('a', '/one.yaml'), route('b', '/one.yaml')]);
  recordSources(book, [route('a', '/two.yaml'), route('b')]);
  expect([...readSources(book)]).toEqual([['VirtualService/default/a', '/two.yaml']]);
  expect(statSync(book).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(['sources.json']);
});

test('what never was of a file makes no book', () => {
  recordSources(book, [route('a')]);
  expect(readdirSync(folder)).toEqual([]);
});

test('it stays small: what was applied longest ago is forgotten', () => {
  const long = `/${'x'.repeat(4000)}`;
  recordSources(
    book,
    Array.from({ length: 300 }, (_, at) => route(`r${at}`, long)),
  );
  recordSources(book, [route('r299', long), route('newest', '/new.yaml')]);
  const kept = [...readSources(book).keys()];
  expect(kept.slice(-2)).toEqual(['VirtualService/default/r299', 'VirtualService/default/newest']);
  expect(kept).not.toContain('VirtualService/default/r0');
  expect(statSync(book).size).toBeLessThan(2 ** 21);
});

describe('a book that is none is empty, and written anew', () => {
  test.each([
    ['no JSON', '{"VirtualService/'],
    ['null', 'null'],
    ['a list of others', '[1, {}]'],
    ['no absolute paths', '{"VirtualService/default/a": "-", "VirtualService/default/b": 1}'],
    ['too large', `{"a": "/${'x'.repeat(2 ** 23)}"}`],
  ])('%s', (_, text) => {
    writeFileSync(book, text);
    expect([...readSources(book)]).toEqual([]);
    recordSources(book, [route('c', '/c.yaml')]);
    expect(JSON.parse(readFileSync(book, 'utf8'))).toEqual({ 'VirtualService/default/c': '/c.yaml' });
  });

  test('one that can’t be written fails nothing', () => {
    mkdirSync(join(book, 'in the way'), { recursive: true });
    recordSources(book, [route('a', '/a.yaml')]);
    expect([...readSources(book)]).toEqual([]);
  });
});
