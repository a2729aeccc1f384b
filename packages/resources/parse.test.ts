import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { crossCheckDocuments } from './cross-check.ts';
import { parseResources } from './parse.ts';
import { formatProblem } from './problem.ts';

const errors = (text: string | Uint8Array) => {
  const { documents, problems } = parseResources(text, { file: 'f' });
  return [...problems, ...documents.flatMap((document) => document.problems)].map(formatProblem);
};
const configMap = (name: string, data: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});

describe('documents', () => {
  test('several, empty ones left out, each with its place', () => {
    const text = `---\n# nothing\n---\n${stringify(configMap('a'))}---\n${stringify(configMap('b'))}...\n`;
    const { documents, problems } = parseResources(text, { file: 'f' });
    expect(problems).toEqual([]);
    expect(documents.map(({ resource, position }) => [resource?.metadata.name, position.line])).toEqual([
      ['a', 4],
      ['b', 10],
    ]);
    expect(documents[0]?.kind?.plural).toBe('configmaps');
  });
  test('one broken document does not hide the others', () => {
    const { documents } = parseResources(
      `${stringify(configMap('a'))}---\nkind: Nonsense\n---\n${stringify(configMap('b'))}`,
    );
    expect(documents.map(({ resource }) => resource?.metadata.name)).toEqual(['a', undefined, 'b']);
  });
  test('a byte order mark and carriage returns are no mistake', () => {
    expect(errors(`\ufeff${stringify(configMap('a')).replaceAll('\n', '\r\n')}`)).toEqual([]);
    expect(errors(new TextEncoder().encode(`\ufeff${stringify(configMap('a'))}`))).toEqual([]);
  });
});

describe('lists', () => {
  test('kind: List, and a kind’s own list whose items leave out what the list says', () => {
    const list = { apiVersion: 'v1', kind: 'List', metadata: {}, items: [configMap('a'), configMap('b')] };
    expect(
      parseResources(JSON.stringify(list)).documents.map(({ resource }) => resource?.metadata.name),
    ).toEqual(['a', 'b']);
    const own = {
      apiVersion: 'v1',
      kind: 'ConfigMapList',
      items: [{ metadata: { name: 'a' }, data: { x: 'y' } }],
    };
    expect(parseResources(JSON.stringify(own)).documents[0]?.resource).toMatchObject({
      kind: 'ConfigMap',
      apiVersion: 'v1',
    });
  });
  test('paths and positions are those of the text', () => {
    expect(
      errors(
        'apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: { name: a }\n  dat: {}\n',
      ),
    ).toEqual(['f:7:3 items[0].dat: unknown field; did you mean "data"?']);
  });
  test('an empty list holds nothing and is no mistake', () => {
    expect(parseResources('apiVersion: v1\nkind: List\nitems: []\n')).toEqual({
      documents: [],
      problems: [],
    });
  });
});

describe('YAML', () => {
  test('aliases and merge keys are followed; errors in them point to where the value stands', () => {
    const text =
      'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a, labels: &l { app: a }, annotations: *l }\ndata:\n  <<: { color: red, size: big }\n  color: blue\n';
    expect(parseResources(text).documents[0]?.resource).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a', labels: { app: 'a' }, annotations: { app: 'a' } },
      data: { color: 'blue', size: 'big' },
    });
    expect(
      errors(
        'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a, labels: &l { app: 5 }, annotations: *l }\n',
      ),
    ).toEqual([
      'f:3:40 metadata.labels.app: must be a string, not the number 5; write "5"',
      'f:3:40 metadata.annotations.app: must be a string, not the number 5; write "5"',
    ]);
  });
  test('numbers as names become text, as in JSON', () => {
    const text =
      'apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: { name: a }\nspec:\n  selector: { matchLabels: { app: a } }\n  portLevelMtls:\n    8080: { mode: DISABLE }\n';
    expect(parseResources(text).documents[0]?.resource?.spec).toMatchObject({
      portLevelMtls: { '8080': { mode: 'DISABLE' } },
    });
  });
  test('yes and on are text, as in YAML 1.2', () => {
    expect(
      parseResources('apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata: { a: yes, b: on }')
        .documents[0]?.resource,
    ).toMatchObject({ data: { a: 'yes', b: 'on' } });
  });
  test('200,000 fields take no quadratic time', () => {
    const lines = Array.from({ length: 60_000 }, (_, i) => `  k${i}: "${i}"`).join('\n');
    expect(errors(`apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata:\n${lines}\n`)).toEqual([]);
  });
  test('more problems than anyone reads are counted, not listed', () => {
    const lines = Array.from({ length: 2000 }, (_, i) => `  k${i}: ${i}`).join('\n');
    const found = errors(`apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata:\n${lines}\n`);
    expect(found).toHaveLength(501);
    expect(found.at(-1)).toContain('more than 500 problems');
  });
});

describe('properties', () => {
  const key = fc
    .stringMatching(/^[a-z][a-z0-9.-]{0,8}$/)
    .filter((name) => name !== 'constructor' && name !== 'prototype');
  const data = fc.dictionary(key, fc.string({ unit: 'grapheme' }), { maxKeys: 5 });

  test('what YAML and JSON writers write, we read back', () => {
    fc.assert(
      fc.property(data, (entries) => {
        const resource = configMap('a', { ...entries });
        for (const text of [
          stringify(resource),
          JSON.stringify(resource),
          JSON.stringify(resource, null, '\t'),
        ]) {
          expect(parseResources(text).documents[0]?.object).toEqual(resource);
        }
      }),
    );
  });

  test('no text makes it throw, and what is refused says where', () => {
    const piece = fc.constantFrom(
      'apiVersion: v1',
      'kind: ',
      'ConfigMap',
      'List',
      '\n',
      '  ',
      '- ',
      ': ',
      '{',
      '}',
      '[',
      ']',
      '&a ',
      '*a',
      '<<',
      '---',
      '...',
      '"',
      "'",
      '|',
      '>',
      '#',
      '!!str ',
      '%YAML',
      '? ',
      ',',
      'metadata',
      'name',
      '\t',
      '__proto__',
      'é',
      '😀',
      'null',
      '0x1F',
      '1e400',
      '.nan',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('')),
          fc.string({ unit: 'binary' }),
        ),
        (text) => {
          const { documents, problems } = parseResources(text, { file: 'f' });
          for (const problem of [...problems, ...documents.flatMap((document) => document.problems)]) {
            const { line = 0, column = 0 } = problem.position ?? {};
            expect(line).toBeGreaterThanOrEqual(1);
            expect(column).toBeGreaterThanOrEqual(1);
            expect(line).toBeLessThanOrEqual(text.split('\n').length);
            expect(problem.message).not.toContain('\n');
          }
          crossCheckDocuments(documents);
          expect(({} as Record<string, unknown>).name).toBeUndefined();
        },
      ),
      { numRuns: 3000 },
    );
  });

  test('no bytes make it throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void parseResources(bytes)),
      { numRuns: 2000 },
    );
  });
});
