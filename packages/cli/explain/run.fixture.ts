import { PassThrough } from 'node:stream';
import type { Io } from '../io.ts';
import { runCli } from '../main.ts';

/** Runs a command in a folder, without a mesh or a terminal. */
export async function run(
  argv: readonly string[],
  cwd: string,
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const text = { stdout: '', stderr: '' };
  const collect = (name: 'stdout' | 'stderr') =>
    new PassThrough().on('data', (chunk: Buffer) => {
      text[name] += chunk.toString();
    });
  const io: Io = {
    stdin: new PassThrough().end(),
    stdout: collect('stdout'),
    stderr: collect('stderr'),
    env: {},
    cwd,
    now: () => 0,
    interrupted: new AbortController().signal,
  };
  return { code: await runCli(argv, io), ...text };
}
