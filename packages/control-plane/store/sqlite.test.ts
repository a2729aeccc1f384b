import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, expect, test } from 'vitest';
import { openSqliteStore } from './sqlite.ts';
import { storeConformance } from './store.conformance.ts';

const directory = mkdtempSync(join(tmpdir(), 'tulle-store-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
let files = 0;
const freshPath = (): string => join(directory, `${files++}.sqlite`);

storeConformance('sqlite', () => {
  const path = freshPath();
  return {
    open: async (keepChanges) => openSqliteStore(path, { keepChanges }),
    reopen: async () => openSqliteStore(path),
  };
});

test('the file is readable by its owner alone', async () => {
  const path = freshPath();
  const store = openSqliteStore(path);
  await store.create({ group: '', plural: 'secrets', namespace: 'a', name: 's' }, secret('s'));
  expect(statSync(path).mode & 0o077).toBe(0);
  expect(statSync(`${path}-wal`).mode & 0o077).toBe(0);
  await store.close();
});

test('a second opener of a store in use is refused', async () => {
  const path = freshPath();
  const store = openSqliteStore(path);
  expect(() => openSqliteStore(path)).toThrow(expect.objectContaining({ code: 'unavailable' }));
  await store.close();
});

test('a file that is no store is refused by name', () => {
  expect(() => openSqliteStore(import.meta.filename)).toThrow(import.meta.filename);
});

test('every answered write survives kill -9', async () => {
  const path = freshPath();
  const child = spawn(process.execPath, [join(import.meta.dirname, 'durability.fixture.ts'), path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let answered = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    answered = Number(line);
    if (answered >= 200) child.kill('SIGKILL');
  }
  const store = openSqliteStore(path);
  const { items } = await store.list({ group: '', plural: 'configmaps' });
  const found = new Set(items.map(({ metadata }) => metadata.name));
  for (let i = 0; i < answered; i++) expect(found.has(`c${i}`)).toBe(true);
  expect(answered).toBeGreaterThanOrEqual(200);
  await store.close();
});

function secret(name: string) {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'a' } };
}
