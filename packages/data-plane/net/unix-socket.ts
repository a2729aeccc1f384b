import { lstat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';

/** A path as the system wants it: `@name` is of Linux's abstract namespace, without a file. */
export function systemPath(path: string): string {
  return path.startsWith('@') ? `\0${path.slice(1)}` : path;
}

/** Removes the file of a Unix socket that nobody listens on any more, as a killed process leaves it. */
export async function removeStaleSocket(path: string): Promise<void> {
  if (path.startsWith('@')) return;
  // Nobody answers at a plain file either: only sockets are ours to remove.
  const isSocket = await lstat(path).then(
    (file) => file.isSocket(),
    () => false,
  );
  if (!isSocket) return;
  const code = await new Promise<string | undefined>((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(undefined);
    });
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  });
  // Anything else (somebody answers, no permission) is for `listen` to judge.
  if (code === 'ECONNREFUSED') await unlink(path).catch(() => {});
}
