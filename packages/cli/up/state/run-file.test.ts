import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Warden } from '../process/warden.ts';
import { RunFile } from './run-file.ts';
import { readRunRecord } from './run-record.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tulle-run-'));
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

test('a record that can’t be written ends nothing; it is written as soon as it can be', () => {
  const run = join(folder, 'run');
  const path = join(run, 'run.json');
  mkdirSync(run);
  const warden = { add: () => {}, remove: () => {} } as unknown as Warden;
  const supervisor = { pid: 1, start: '1' };
  const errors: string[] = [];
  const file = new RunFile(
    path,
    warden,
    { mesh: 'm', file: '/m.yaml', supervisor, startedAt: '', urls: {} },
    (_, start) => start(),
    ({ message }) => errors.push(message),
  );
  const spec = {
    name: 'web-0',
    role: 'app',
    command: '',
    args: [],
    env: {},
    cwd: '',
    lifeline: false,
  } as const;
  // As a full disk does.
  rmSync(run, { recursive: true });
  file.started(spec, { pid: 2, start: '2' });
  file.started(spec, { pid: 3, start: '3' });
  vi.advanceTimersByTime(1000);
  expect(errors).toHaveLength(3);
  mkdirSync(run);
  vi.advanceTimersByTime(1000);
  expect(readRunRecord(path)?.children.map(({ pid }) => pid)).toEqual([2, 3]);
  vi.advanceTimersByTime(10_000);
  expect(errors).toHaveLength(3);
});
