import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseResources } from '@tulle/resources/parse';
import { formatProblem } from '@tulle/resources/problem';
import { describe, expect, test } from 'vitest';
import { analyze } from './analyze.ts';
import { analyzers } from './analyzers.ts';
import { withCertificates } from './certificates.fixture.ts';
import { formatFinding } from './format.ts';
import { modelOf } from './model.fixture.ts';

const folder = join(import.meta.dirname, 'golden');
const rewrite = process.env.UPDATE_GOLDEN === '1';
if (rewrite && process.env.CI) throw new Error('UPDATE_GOLDEN rewrites what CI is to check: not here');

const messages = analyzers.flatMap((analyzer) => analyzer.messages);
const codes = messages.map(({ code }) => code);

const now = Date.parse('2026-01-01T00:00:00Z');

async function findingsIn(text: string, code: string): Promise<string[]> {
  const { documents, problems } = parseResources(await withCertificates(text, now), { file: 'input' });
  const errors = [...problems, ...documents.flatMap((document) => document.problems)].filter(
    ({ severity }) => severity === 'error',
  );
  if (errors.length > 0) throw new Error(errors.map(formatProblem).join('\n'));
  const resources = documents.flatMap(({ resource }) => (resource === undefined ? [] : [resource]));
  return analyze(modelOf(resources), { now, whole: true })
    .filter(({ message }) => message.code === code)
    .map(formatFinding);
}

function changed(text: string, changes: string): string {
  let result = text;
  for (const line of changes.split('\n').filter((one) => one !== '')) {
    const [old = '', next = ''] = line.split(/ ?⇒ ?/);
    expect(result, `there is no "${old}" to change`).toContain(old);
    result = result.replaceAll(old, next);
  }
  return result;
}

describe.each(codes)('%s', (code) => {
  const file = join(folder, `${code}.txt`);
  const [input = '', rest = ''] = (existsSync(file) ? readFileSync(file, 'utf8') : '').split(/^=== found\n/m);
  const [expected = '', changes = ''] = rest.split(/^=== fine\n/m);

  test('is found', async () => {
    const found = (await findingsIn(input, code)).join('\n');
    expect(found).not.toBe('');
    if (rewrite) writeFileSync(file, `${input}=== found\n${found}\n=== fine\n${changes}`);
    else expect(found).toBe(expected.trimEnd());
  });

  test('and not where all is well', async () => {
    expect(changes, 'what is to change').not.toBe('');
    expect(await findingsIn(changed(input, changes), code)).toEqual([]);
  });
});

test('codes are unique, and every case is of one', () => {
  expect(new Set(codes).size).toBe(codes.length);
  const cases = readdirSync(folder).filter((name) => name.endsWith('.txt'));
  expect(cases.toSorted()).toEqual(codes.map((code) => `${code}.txt`).toSorted());
});

test('the annotation of Istio keeps codes back', async () => {
  const service = (annotations: string) =>
    `{apiVersion: v1, kind: Service, metadata: {name: a${annotations}}, spec: {ports: [{port: 80}]}}`;
  expect(await findingsIn(service(''), 'IST0118')).toHaveLength(1);
  for (const written of ['IST0118', '"IST0101,IST0118"', '"*"'])
    expect(
      await findingsIn(service(`, annotations: {galley.istio.io/analyze-suppress: ${written}}`), 'IST0118'),
    ).toEqual([]);
});
