import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { identifyProcess, isAlive, signalProcess } from './process-identity.ts';

test('a process is itself for as long as it lives, and nobody after', async () => {
  const child = spawn('sleep', ['60'], { detached: true });
  const identity = identifyProcess(child.pid ?? 0);
  expect(identity).toBeDefined();
  if (identity === undefined) return;
  expect(isAlive(identity)).toBe(true);
  expect(isAlive({ ...identity, start: 'another' })).toBe(false);
  expect(signalProcess({ ...identity, start: 'another' }, 'SIGKILL')).toBe(false);
  expect(signalProcess(identity, 'SIGKILL', { group: true })).toBe(true);
  await once(child, 'exit');
  expect(isAlive(identity)).toBe(false);
  expect(signalProcess(identity, 'SIGKILL')).toBe(false);
});

test('a zombie counts as gone', async () => {
  // The shell's child ends while the shell, which it becomes, never waits for it.
  const parent = spawn('/bin/sh', ['-c', 'true & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [line] = await once(parent.stdout, 'data');
  const pid = Number(String(line));
  while (identifyProcess(pid) !== undefined) await new Promise((resolve) => setImmediate(resolve));
  parent.kill('SIGKILL');
  await once(parent, 'exit');
});
