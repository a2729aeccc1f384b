import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ChildRegistry } from '../process/child.ts';
import { lastLines } from '../process/log-file.ts';
import { type AppEvent, type AppOptions, AppProcess } from './app-process.ts';
import type { Probe } from './probe-loop.ts';

const registry: ChildRegistry = { started: () => {}, ended: () => {} };
const probe = (command: string, more: Partial<Probe> = {}): Probe => ({
  action: {
    kind: 'exec',
    command: ['/bin/sh', '-c', command],
    env: { PATH: process.env.PATH ?? '' },
    cwd: folder,
  },
  initialDelayMs: 0,
  periodMs: 20,
  timeoutMs: 60_000,
  successThreshold: 1,
  failureThreshold: 1,
  ...more,
});

let folder: string;
let app: AppProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tulle-app-'));
});

afterEach(async () => {
  vi.useRealTimers();
  await app?.stop(0);
  rmSync(folder, { recursive: true });
});

/** Starts an application; `next` gives its events one by one. */
function start(script: string, options: Partial<AppOptions> = {}): { next: () => Promise<AppEvent> } {
  const events: AppEvent[] = [];
  const waiting: ((event: AppEvent) => void)[] = [];
  app = new AppProcess({
    spec: () => ({
      name: 'app',
      role: 'app',
      command: '/bin/sh',
      args: ['-c', script],
      env: { PATH: process.env.PATH ?? '' },
      cwd: folder,
      logPath: join(folder, 'app.log'),
      lifeline: false,
    }),
    probes: { readiness: probe('test -e ready') },
    restartPolicy: 'Always',
    backOff: { firstMs: 1, longestMs: 5 },
    registry,
    readyWithinMs: 60_000,
    onChange: (event) => {
      const receive = waiting.shift();
      if (receive === undefined) events.push(event);
      else receive(event);
    },
    ...options,
  });
  void app.start();
  return {
    next: () => {
      const event = events.shift();
      return event === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(event);
    },
  };
}

test('becomes ready when its probe says so, and unready when it does not', async () => {
  const { next } = start('touch ready; exec sleep 60');
  expect(await next()).toEqual({ kind: 'ready' });
  expect(app?.ready).toBe(true);
  rmSync(join(folder, 'ready'));
  expect(await next()).toMatchObject({ kind: 'unready' });
  expect(app?.ready).toBe(false);
});

test('is started again with its last lines reported, for as long as it ends', async () => {
  const { next } = start('echo "cannot find the database"; exit 7');
  expect(await next()).toMatchObject({
    kind: 'ended',
    reason: 'exit code 7',
    failures: 1,
    lastLines: ['cannot find the database'],
  });
  expect(await next()).toMatchObject({ kind: 'ended', failures: 2 });
});

test('is left alone when the policy says so', async () => {
  const done = start('exit 0', { restartPolicy: 'OnFailure' });
  expect(await done.next()).toMatchObject({ kind: 'ended', restartInMs: undefined });
  await app?.stop(0);
  const failed = start('exit 1', { restartPolicy: 'Never' });
  expect(await failed.next()).toMatchObject({ kind: 'ended', restartInMs: undefined });
});

test('is ended and started again when its liveness probe fails', async () => {
  const { next } = start('echo $$ >> pids; exec sleep 60', {
    probes: { readiness: probe('true'), liveness: probe('test ! -e sick') },
  });
  expect(await next()).toEqual({ kind: 'ready' });
  await new Promise((resolve) => setImmediate(resolve));
  const { execFileSync } = await import('node:child_process');
  execFileSync('touch', [join(folder, 'sick')]);
  expect(await next()).toMatchObject({ kind: 'unready' });
  expect(await next()).toMatchObject({ kind: 'ended', reason: 'killed by SIGTERM' });
});

test('is reported with its last lines when it does not become ready', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { next } = start('echo "waiting for a lock"; exec sleep 60', { readyWithinMs: 300 });
  while (lastLines(join(folder, 'app.log'), 1).length === 0)
    await new Promise((resolve) => setImmediate(resolve));
  vi.advanceTimersByTime(300);
  expect(await next()).toMatchObject({ kind: 'slow', lastLines: ['waiting for a lock'] });
});
