import { Socket } from 'node:net';

/**
 * Calls `onClose` when whoever holds the other end of the pipe on descriptor `fd` is gone. Does not keep the
 * process alive by itself.
 */
export function watchLifeline(fd: number, onClose: () => void): void {
  // A socket, not a file stream: a pending read in the thread pool would hold up the process's end.
  const pipe = new Socket({ fd, readable: true, writable: false });
  pipe.on('error', () => {}).once('close', onClose);
  pipe.resume();
  pipe.unref();
}
