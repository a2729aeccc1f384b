import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { coverage, matrix } from './coverage.ts';
import { elsewhere } from './elsewhere.ts';
import { scenarios } from './table.ts';

const fields = coverage(scenarios);
const page = join(import.meta.dirname, 'coverage.md');

test('every field of the traffic API has a row, or says why it has none', () => {
  const silent = fields.filter(({ ways, note }) => ways.size === 0 && note === undefined);
  expect(silent.map(({ kind, field }) => `${kind} ${field}`)).toEqual([]);
});

test('what is excused exists', () => {
  const names = fields.map(({ kind, field }) => `${kind} ${field}`);
  expect(elsewhere.filter(([prefix]) => !names.some((name) => name.startsWith(prefix)))).toEqual([]);
});

test('the page claims nothing that no row shows', () => {
  const text = matrix(fields);
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(page, text);
  const shown = text.split('\n');
  const dots = (line: string): number[] =>
    line.split('|').flatMap((cell, at) => (cell === ' ● ' ? [at] : []));
  for (const line of readFileSync(page, 'utf8').split('\n')) {
    const [, field] = line.split('|');
    if (dots(line).length === 0 || field === undefined) continue;
    const now = shown.filter((one) => one.split('|')[1] === field).flatMap(dots);
    expect(now, line).toEqual(expect.arrayContaining(dots(line)));
  }
});
