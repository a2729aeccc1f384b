import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { buildModel } from '../model/model.ts';
import { compile } from './compile.ts';
import { readCase, shown } from './testing/golden-case.ts';

const folder = join(import.meta.dirname, 'golden');
const cases = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
const rewrite = process.env.UPDATE_GOLDEN === '1';

if (rewrite && process.env.CI) throw new Error('UPDATE_GOLDEN rewrites what CI is to check: not here');

test.each(cases.map((entry) => entry.name))('%s', (name) => {
  const golden = readCase(join(folder, name));
  const model = buildModel(golden.input);
  const { snapshot, notes } = compile(model, golden.proxy);
  const actual = {
    ...shown(snapshot, golden),
    notes: notes.map(
      ({ origin: o, problem }) => `${o.kind} ${o.namespace}/${o.name} ${problem.path}: ${problem.message}`,
    ),
    problems: [...model.config.problems].flatMap(([key, list]) =>
      list.map((problem) => `${key} ${problem.path}: ${problem.message}`),
    ),
  };
  const file = join(folder, name, 'expected.yaml');
  if (rewrite) writeFileSync(file, stringify(actual, { lineWidth: 110, aliasDuplicateObjects: false }));
  expect(existsSync(file), `${name}/expected.yaml: write it with UPDATE_GOLDEN=1`).toBe(true);
  expect(actual).toEqual(parse(readFileSync(file, 'utf8')));
});
