/**
 * Starts real meshes for end-to-end tests: the real CLI, its own state folder, free ports. Every mesh that a
 * test starts ends with the test.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@tulle/data-plane/testing/free-port';

export const root = join(import.meta.dirname, '..');
/** The CLI's launcher. */
export const command = join(root, 'packages/cli/bin/tulle.mjs');

const READY_WITHIN_MS = 110_000;

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Mesh {
  /** The ingress gateway. */
  readonly url: string;
  readonly port: number;
  readonly stateDir: string;
  readonly supervisor: ChildProcess;
  /** What `up` printed so far. */
  readonly output: () => string;
  /** Runs `tulle …` against this mesh. */
  readonly tulle: (...args: string[]) => Promise<Finished>;
  /** The same, and fails unless it exits 0; returns stdout. */
  readonly ok: (...args: string[]) => Promise<string>;
  /** Stops as Ctrl-C does and waits. State survives until `remove`. */
  readonly stop: () => Promise<number | null>;
}

/** A temporary folder that goes with the test. */
export function temporaryFolder(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'tulle-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Runs the CLI to its end. @param inside words that run a command somewhere else: in a namespace */
export async function tulle(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  input?: string,
  inside: readonly string[] = [],
): Promise<Finished> {
  const [program = '', ...words] = [...inside, process.execPath, command, ...args];
  const child = spawn(program, words, {
    cwd: root,
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.end(input);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/** `tulle up file`, resolved when it says that all is ready. @param inside as for `tulle` */
export async function startMesh(
  file: string,
  stateDir: string,
  extra: readonly string[] = [],
  program = command,
  inside: readonly string[] = [],
): Promise<Mesh> {
  const port = await freePort();
  const up = [program, 'up', file, '--state', stateDir, '--port', String(port), ...extra];
  const [first = '', ...words] = [...inside, process.execPath, ...up];
  const supervisor = spawn(first, words, {
    cwd: root,
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  const ready = new Promise<void>((resolve, reject) => {
    const onText = (text: string): void => {
      output += text;
      if (/\bready\b.*http:\/\/127\.0\.0\.1:\d+/s.test(output)) resolve();
    };
    supervisor.stdout.setEncoding('utf8').on('data', onText);
    supervisor.stderr.setEncoding('utf8').on('data', onText);
    supervisor.once('exit', (code) => reject(new Error(`tulle up ended with ${code}:\n${output}`)));
  });
  // Before a hook's own time-out, which would leave it running and not say what it printed.
  const late = setTimeout(() => supervisor.kill('SIGINT'), READY_WITHIN_MS);
  await ready.finally(() => clearTimeout(late));
  const against = (args: readonly string[]) => tulle([...args, '--state', stateDir], {}, undefined, inside);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    stateDir,
    supervisor,
    output: () => output,
    tulle: (...args) => against(args),
    ok: async (...args) => {
      const finished = await against(args);
      if (finished.code !== 0) {
        throw new Error(
          `tulle ${args.join(' ')} ended with ${finished.code}:\n${finished.stdout}${finished.stderr}`,
        );
      }
      return finished.stdout;
    },
    stop: async () => {
      if (supervisor.exitCode !== null || supervisor.signalCode !== null) return supervisor.exitCode;
      supervisor.kill('SIGINT');
      const [code] = (await once(supervisor, 'exit')) as [number | null];
      return code;
    },
  };
}

/** Repeats `probe` until it gives a value; fails with the last error or `what` after `milliseconds`. */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined>,
  milliseconds = 90_000,
): Promise<T> {
  const end = performance.now() + milliseconds;
  let last: unknown;
  while (performance.now() < end) {
    try {
      const value = await probe();
      if (value !== undefined) return value;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`never happened: ${what}`, { cause: last });
}
