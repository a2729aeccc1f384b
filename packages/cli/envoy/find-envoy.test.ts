import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findEnvoy } from './find-envoy.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tulle-find-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function program(path: string, mode: number): string {
  const file = join(folder, path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, '');
  chmodSync(file, mode);
  return file;
}

it('takes the first on the PATH that can be run', () => {
  program('a/envoy', 0o644);
  const second = program('b/envoy', 0o755);
  program('c/envoy', 0o755);
  expect(findEnvoy({ PATH: ['nowhere', 'a', 'b', 'c'].map((name) => join(folder, name)).join(':') })).toBe(
    second,
  );
});

it('takes TULLE_ENVOY and no other', () => {
  const own = program('own', 0o755);
  const PATH = join(program('a/envoy', 0o755), '..');
  expect(findEnvoy({ PATH, TULLE_ENVOY: own })).toBe(own);
  expect(findEnvoy({ PATH, TULLE_ENVOY: join(folder, 'gone') })).toBeUndefined();
});

it('answers with a path that holds in any directory', () => {
  const own = program('own', 0o755);
  expect(findEnvoy({ TULLE_ENVOY: relative(process.cwd(), own) })).toBe(own);
});

it('finds none where there is none', () => {
  expect(findEnvoy({})).toBeUndefined();
  expect(findEnvoy({ PATH: '' })).toBeUndefined();
});
