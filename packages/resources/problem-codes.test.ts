import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { problemCodes } from './problem-codes.ts';
import { generateReference } from './reference.ts';

/** The compiler sees to it that no other code is used; here: that each is. */
test('every code of the table is said somewhere', () => {
  const packages = join(import.meta.dirname, '..');
  const files = globSync('{resources,control-plane}/**/*.ts', {
    cwd: packages,
    exclude: ['**/node_modules/**', '**/*.test.ts', '**/problem-codes.ts'],
  });
  const sources = files.map((file) => readFileSync(join(packages, file), 'utf8')).join('\n');
  expect(Object.keys(problemCodes).filter((code) => !sources.includes(`'${code}'`))).toEqual([]);
});

test('the reference explains every code', () => {
  const page = generateReference()['problems.md'] ?? '';
  const explained = [...page.matchAll(/^\| `([^`]+)` \| (.+) \|$/gm)].map(([, code, meaning]) => [
    code,
    meaning,
  ]);
  expect(Object.fromEntries(explained)).toEqual(problemCodes);
});
