import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { frameAnswerCases } from './frame-answers.ts';
import { frameCases } from './frames.ts';
import { requestCases } from './requests.ts';
import { responseCases } from './responses.ts';
import { smugglingTables } from './table.ts';

const file = join(import.meta.dirname, '../../../docs/smuggling.md');
const rewrite = process.env.UPDATE_GOLDEN === '1';

test('docs/smuggling.md lists every case as it is tested', () => {
  const text = readFileSync(file, 'utf8');
  const introduction = text.slice(0, text.indexOf('\n## ') + 1);
  const wanted = `${introduction}${smugglingTables()}`;
  if (rewrite && process.env.CI === undefined) writeFileSync(file, wanted);
  else expect(text, 'write it with UPDATE_GOLDEN=1').toBe(wanted);
});

test('every case has a name of its own', () => {
  const names = [...requestCases, ...responseCases, ...frameCases, ...frameAnswerCases].map(
    ({ group, name }) => `${group}: ${name}`,
  );
  expect(new Set(names).size).toBe(names.length);
});
