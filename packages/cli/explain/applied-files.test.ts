import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Resource } from '@tulle/resources/kind';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { recordSources } from '../up/state/source-book.ts';
import { locateApplied } from './applied-files.ts';

let cwd: string;
let book: string;

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tulle-applied-'));
  book = join(cwd, 'sources.json');
});

afterEach(() => rmSync(cwd, { recursive: true }));

const text = `kind: Service
apiVersion: v1
metadata: { name: shop }
spec:
  ports:
    - { name: http-a, port: 80 }
    - { name: http-b, port: 81 }
`;

const origin = { kind: 'Service', namespace: 'shops', name: 'shop', generation: 2, path: 'spec.ports[1]' };

/** As the API completes it. */
const stored: Resource = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'shop', namespace: 'shops', generation: 2, labels: { any: 'label' } },
  spec: {
    type: 'ClusterIP',
    ports: [
      { name: 'http-a', port: 80, protocol: 'TCP', targetPort: 80 },
      { name: 'http-b', port: 81, protocol: 'TCP', targetPort: 81 },
    ],
  },
};

async function place(present: Resource | undefined = stored, of = origin) {
  const file = join(cwd, 'shop.yaml');
  recordSources(book, [{ kind: { kind: 'Service' }, namespace: 'shops', name: 'shop', file }]);
  return (await locateApplied([of], { book, cwd, present: async () => present }))(of);
}

test('the line of a resource that was applied to a namespace', async () => {
  writeFileSync(join(cwd, 'shop.yaml'), text);
  expect(await place()).toEqual({ file: 'shop.yaml', line: 7 });
});

describe('no line, where it might be wrong', () => {
  test.each([
    ['the mesh has another', text, { ...stored, spec: { ports: [{ port: 80 }] } }],
    ['the file says another', text.replace('81', '82'), stored],
    ['it is in another namespace', text.replace('name: shop', 'name: shop, namespace: b'), stored],
    ['the text is broken', `${text}  : {`, stored],
    ['another thing is in the file', text.replace('name: shop', 'name: other'), stored],
  ])('%s', async (_, written, present) => {
    writeFileSync(join(cwd, 'shop.yaml'), written);
    expect(await place(present)).toBeUndefined();
  });

  test('the proxy has another generation', async () => {
    writeFileSync(join(cwd, 'shop.yaml'), text);
    expect(await place(stored, { ...origin, generation: 1 })).toBeUndefined();
  });

  test.each([
    ['is gone', () => {}],
    ['is a folder', (path: string) => mkdirSync(path)],
    ['is a pipe', (path: string) => execFileSync('mkfifo', [path])],
    ['is too large', (path: string) => writeFileSync(path, text.padEnd(9 * 2 ** 20, '#'))],
  ])('the file %s', async (_, make) => {
    make(join(cwd, 'shop.yaml'));
    expect(await place()).toBeUndefined();
  });
});
