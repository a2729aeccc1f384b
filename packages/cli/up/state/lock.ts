import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/**
 * Holds a state directory for one supervisor. The lock is SQLite's exclusive file lock (fcntl), so the kernel
 * frees it however its holder ends; there is no stale lock to judge.
 */
export interface StateLock {
  release(): void;
}

/** @returns undefined while another process holds it */
export function lockState(path: string): StateLock | undefined {
  // SQLite makes its files for all to read; those beside it take its mode.
  closeSync(openSync(path, 'a', 0o600));
  const database = new DatabaseSync(path);
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (error instanceof Error && /locked|busy/i.test(error.message)) return undefined;
    throw error;
  }
  return {
    release() {
      database.exec('ROLLBACK');
      database.close();
    },
  };
}
