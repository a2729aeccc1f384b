import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { newTokenIn, readBootstrap } from './given-bootstrap.ts';

let folder: string;
let path: string;
const write = (bootstrap: object): void => writeFileSync(path, JSON.stringify(bootstrap));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tulle-bootstrap-'));
  path = join(folder, 'web.json');
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a new enrolment token is taken from the same file, as soon as there is one', async () => {
  write({ stateDir: folder, enrolmentToken: 'first' });
  const newToken = newTokenIn(path, readBootstrap(path));
  await expect(newToken()).rejects.toThrow(`put a new enrolmentToken into ${path}`);
  write({ stateDir: folder });
  await expect(newToken()).rejects.toThrow(`put a new enrolmentToken into ${path}`);
  write({ stateDir: folder, enrolmentToken: 'second' });
  expect(await newToken()).toBe('second');
  rmSync(path);
  await expect(newToken()).rejects.toThrow("can't read the bootstrap");
});

test('what is no bootstrap is named', () => {
  writeFileSync(path, '{');
  expect(() => readBootstrap(path)).toThrow(`${path} is no bootstrap`);
});
