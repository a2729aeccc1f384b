import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { lockState } from './lock.ts';

test('one process at a time holds a state folder, and kill -9 frees it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tulle-lock-'));
  const path = join(folder, 'lock');
  const script = `
    import { lockState } from ${JSON.stringify(fileURLToPath(new URL('./lock.ts', import.meta.url)))};
    console.log(lockState(${JSON.stringify(path)}) === undefined ? 'refused' : 'held');
    setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(holder.stdout, 'data');
  expect(String(line).trim()).toBe('held');
  expect(lockState(path)).toBeUndefined();
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  const lock = lockState(path);
  expect(lock).toBeDefined();
  lock?.release();
  lockState(path)?.release();
  rmSync(folder, { recursive: true });
});
