import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { crossCheckDocuments } from '../cross-check.ts';
import { parseResources } from '../parse.ts';
import { formatProblem } from '../problem.ts';
import { hasUpstream, upstream } from './upstream-files.ts';

const folder = join(upstream, 'istio-samples/bookinfo/networking');
const istio = join(upstream, 'istio-samples');

describe.runIf(hasUpstream)('Istio’s samples are accepted unchanged', () => {
  const files = hasUpstream ? readdirSync(folder).filter((name) => name.endsWith('.yaml')) : [];
  test('there are samples', () => expect(files.length).toBeGreaterThan(20));
  for (const name of files) {
    test(`bookinfo/networking/${name}`, () => {
      const { documents, problems } = parseResources(readFileSync(join(folder, name)), { file: name });
      const all = [
        ...problems,
        ...documents.flatMap((document) => document.problems),
        ...crossCheckDocuments(documents),
      ];
      expect(all.filter(({ severity }) => severity === 'error').map(formatProblem)).toEqual([]);
      expect(documents.length).toBeGreaterThan(0);
      expect(documents.every(({ resource }) => resource !== undefined)).toBe(true);
    });
  }

  const other = hasUpstream
    ? readdirSync(istio, { recursive: true, encoding: 'utf8' }).filter(
        (name) => name.endsWith('.yaml') && !name.includes('gateway-api'),
      )
    : [];
  test.each(other)('%s: what is of our kinds', (name) => {
    const { documents } = parseResources(readFileSync(join(istio, name)), { file: name });
    const ours = documents.filter(({ kind }) => kind !== undefined);
    expect(
      ours
        .flatMap(({ problems }) => problems)
        .filter(({ severity }) => severity === 'error')
        .map(formatProblem),
    ).toEqual([]);
  });
});
