import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Child, type ChildRegistry, type ChildSpec, formatExit, startChild } from './child.ts';
import { lastLines, lastWords, rotateLog } from './log-file.ts';
import { identifyProcess } from './process-identity.ts';

let folder: string;
const running: Child[] = [];
const events: string[] = [];
const registry: ChildRegistry = {
  started: ({ name }) => events.push(`+${name}`),
  ended: ({ name }) => events.push(`-${name}`),
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tulle-child-'));
  events.length = 0;
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((child) => child.stop(0)));
  rmSync(folder, { recursive: true });
});

function start(script: string, extra: Partial<ChildSpec> = {}): Child {
  const child = startChild(
    {
      name: 'app',
      role: 'app',
      command: '/bin/sh',
      args: ['-c', script],
      env: { PATH: process.env.PATH ?? '' },
      cwd: folder,
      logPath: join(folder, 'app.log'),
      lifeline: false,
      ...extra,
    },
    registry,
  );
  running.push(child);
  return child;
}

/** Resolves when the log holds the text. */
async function logged(text: string): Promise<void> {
  while (!lastLines(join(folder, 'app.log'), 100).join('\n').includes(text)) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a child', () => {
  test('whose log can’t be opened has not started, and says why', async () => {
    const child = start('exit 0', { logPath: join(folder, 'nowhere/app.log') });
    expect(formatExit(await child.exited)).toContain('ENOENT');
    expect(events).toEqual([]);
  });

  test('is on record while it runs; its output is in a log of its owner alone', async () => {
    const child = start('echo out; echo err >&2; exit 3');
    expect(formatExit(await child.exited)).toBe('exit code 3');
    expect(events).toEqual(['+app', '-app']);
    expect(readFileSync(join(folder, 'app.log'), 'utf8').split('\n').sort()).toEqual(['', 'err', 'out']);
    expect(statSync(join(folder, 'app.log')).mode & 0o777).toBe(0o600);
  });

  test('that ignores SIGTERM is killed after its grace, with all that it started', async () => {
    const child = start('trap "" TERM; (trap "" TERM; echo $$; exec sleep 60) & echo up; wait');
    await logged('up');
    expect(await child.stop(100)).toMatchObject({ signal: 'SIGKILL' });
    expect(child.running).toBe(false);
  });

  test('leaves nobody of its group behind when it ends by itself', async () => {
    const child = start('sleep 60 & echo $!');
    await child.exited;
    const pid = Number(lastLines(join(folder, 'app.log'), 1)[0]);
    while (identifyProcess(pid) !== undefined) await new Promise((resolve) => setImmediate(resolve));
  });

  test('sees its lifeline close with us', async () => {
    const child = start('read -r line <&3; echo "lifeline closed"', { lifeline: true });
    expect(child.running).toBe(true);
    await child.stop(1000);
  });

  test('that can’t be started says why', async () => {
    const none = start('', { command: '/no/such/program' });
    expect(formatExit(await none.exited)).toContain('no such program "/no/such/program"');
    const nowhere = start('true', { cwd: join(folder, 'nowhere') });
    expect(formatExit(await nowhere.exited)).toContain('nowhere');
  });
});

describe('a log', () => {
  test('is rotated by size, and its last lines go on across the files', async () => {
    const path = join(folder, 'app.log');
    await start('i=0; while [ $i -lt 10 ]; do echo line $i; i=$((i+1)); done').exited;
    expect(rotateLog(path, 1000)).toBe(false);
    expect(rotateLog(path, 20)).toBe(true);
    await start('echo after').exited;
    expect(lastLines(path, 3)).toEqual(['line 8', 'line 9', 'after']);
    expect(statSync(`${path}.1`).mode & 0o777).toBe(0o600);
  });

  test('its last words are the line that names the error', async () => {
    await start('echo "Error: it broke"; echo "    at somewhere (x.js:1)"; echo; echo "Node.js v26.10.0"')
      .exited;
    expect(lastWords(join(folder, 'app.log'))).toBe('Error: it broke');
  });
});
