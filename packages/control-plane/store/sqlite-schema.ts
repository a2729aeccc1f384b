import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { StoreError } from './store.ts';

/**
 * `changes` is the log behind watches and behind pages of an older revision: `body` is the state after the
 * change (the last state, for a deletion), `previous` the one before it.
 */
const schema = `
  CREATE TABLE IF NOT EXISTS resources (
    grp TEXT NOT NULL, plural TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    revision INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (grp, plural, namespace, name)
  ) WITHOUT ROWID, STRICT;
  CREATE TABLE IF NOT EXISTS changes (
    revision INTEGER PRIMARY KEY,
    grp TEXT NOT NULL, plural TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    type TEXT NOT NULL, body TEXT NOT NULL, previous TEXT
  ) STRICT;
  CREATE INDEX IF NOT EXISTS changes_by_key ON changes (grp, plural, namespace, name, revision);
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
  INSERT INTO meta VALUES ('revision', 1), ('compacted', 1) ON CONFLICT DO NOTHING;
`;

const version = 1;

/**
 * Opens the file, creates it (mode 0600) when absent. The lock is exclusive: a second process that wrote
 * here would be unseen by this one's watches.
 * @throws StoreError unavailable when another process has it, it is no store of ours, or of a newer version
 */
export function openDatabase(path: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    // SQLite's side files take the mode of the file.
    if (path !== ':memory:') closeSync(openSync(path, 'a', 0o600));
    database = new DatabaseSync(path, { timeout: 0 });
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    const found = Number(database.prepare('PRAGMA user_version').get()?.user_version ?? 0);
    if (found > version)
      throw new Error(`it was written by a newer version of Tulle (${found} > ${version})`);
    database.exec(`BEGIN IMMEDIATE; ${schema} PRAGMA user_version = ${version}; COMMIT;`);
    return database;
  } catch (error) {
    database?.close();
    const reason = error instanceof Error ? error.message : String(error);
    throw new StoreError('unavailable', `can't open the store ${path}: ${reason}`);
  }
}
