import type { Readable, Writable } from 'node:stream';
import { fold } from './output/fold.ts';
import { visible } from './output/visible.ts';

/** Everything that a command sees of the world around it; tests hand in their own. */
export interface Io {
  readonly stdin: Readable;
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Aborted by SIGINT, SIGTERM or SIGHUP; the reason is the signal's name. */
  readonly interrupted: AbortSignal;
}

/** How wide a table may be: the terminal's columns; undefined where the output is none. */
export function widthOf({ stdout }: Io): number | undefined {
  return stdout.isTTY === true ? stdout.columns : undefined;
}

export function print(io: Io, text: string): void {
  io.stdout.write(visible(text.endsWith('\n') ? text : `${text}\n`));
}

/** For people beside the output; folded where their terminal ends. */
export function note({ stderr }: Io, text: string): void {
  const width = stderr.isTTY === true ? stderr.columns : undefined;
  const lines = visible(text).replace(/\n$/, '').split('\n');
  const folded = width === undefined ? lines : lines.flatMap((line) => fold(line, width));
  stderr.write(`${folded.join('\n')}\n`);
}
