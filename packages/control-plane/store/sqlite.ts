import type { DatabaseSync } from 'node:sqlite';
import type { Resource } from '@tulle/resources/kind';
import { decodeContinue, encodeContinue, parseRevision } from './continue-token.ts';
import { openDatabase } from './sqlite-schema.ts';
import { prepareStatements, type Row, type Statements } from './sqlite-statements.ts';
import {
  type Collection,
  type Key,
  type ListOptions,
  type ListResult,
  type Store,
  StoreError,
  type Watch,
  type WatchEvent,
} from './store.ts';
import { type Change, Watchers } from './watchers.ts';

export interface SqliteStoreOptions {
  /** How many of the last changes watches and older pages can reach back over. */
  readonly keepChanges?: number;
  /** What a watch callback throws. Default: rethrown on its own turn. */
  readonly onError?: (error: unknown) => void;
}

/** One write that waits for the next commit. `run` throws StoreError when it is refused. */
interface Pending {
  readonly run: (changes: Change[]) => Resource;
  readonly resolve: (resource: Resource) => void;
  readonly reject: (error: unknown) => void;
}

const rethrow = (error: unknown): void => {
  queueMicrotask(() => {
    throw error;
  });
};

/**
 * The embedded store. All writes of one turn share a transaction, so they share one fsync (group commit); a
 * refused write leaves the others alone. Reads see what is committed.
 * @throws StoreError unavailable
 */
export function openSqliteStore(path: string, options: SqliteStoreOptions = {}): Store {
  return new SqliteStore(openDatabase(path), options.keepChanges ?? 10_000, options.onError ?? rethrow);
}

class SqliteStore implements Store {
  readonly #database: DatabaseSync;
  readonly #sql: Statements;
  readonly #keep: number;
  readonly #watchers: Watchers;
  #revision: number;
  #compacted: number;
  #pending: Pending[] = [];
  #closed = false;

  constructor(database: DatabaseSync, keep: number, onError: (error: unknown) => void) {
    this.#database = database;
    this.#sql = prepareStatements(database);
    this.#keep = keep;
    this.#watchers = new Watchers(onError);
    this.#revision = this.#sql.meta('revision');
    this.#compacted = this.#sql.meta('compacted');
  }

  revision(): string {
    return String(this.#revision);
  }

  async get(key: Key): Promise<Resource | undefined> {
    this.#assertOpen();
    const row = this.#sql.get(key);
    return row && parse(row.body);
  }

  async list(collection: Collection, options: ListOptions = {}): Promise<ListResult> {
    this.#assertOpen();
    const start = options.continue === undefined ? undefined : decodeContinue(options.continue);
    const revision =
      start?.revision ?? (options.at === undefined ? this.#revision : parseRevision(options.at));
    this.#assertReachable(revision);
    const range = { ...collection, revision, namespace: options.namespace, after: start };
    const limit = options.limit ?? 0;
    const rows = this.#sql.page({ ...range, limit: limit > 0 ? limit + 1 : -1 });
    const more = limit > 0 && rows.length > limit;
    const shown = more ? rows.slice(0, limit) : rows;
    const items = shown.map((row) => parse(row.body));
    const last = shown.at(-1);
    if (!more || last === undefined) return { items, resourceVersion: String(revision) };
    return {
      items,
      resourceVersion: String(revision),
      continue: encodeContinue({ revision, namespace: last.namespace, name: last.name }),
      remaining: this.#sql.count({ ...range, after: last }),
    };
  }

  create(key: Key, resource: Resource): Promise<Resource> {
    return this.#write((changes) => {
      if (this.#sql.get(key)) throw new StoreError('already-exists', `${describe(key)} already exists`);
      return this.#put(key, resource, undefined, changes);
    });
  }

  update(key: Key, resource: Resource, expected: string): Promise<Resource> {
    return this.#write((changes) => this.#put(key, resource, this.#existing(key, expected), changes));
  }

  delete(key: Key, expected?: string): Promise<Resource> {
    return this.#write((changes) => {
      const previous = this.#existing(key, expected);
      const revision = ++this.#revision;
      const resource = stamp(parse(previous), revision);
      this.#sql.remove(key);
      this.#sql.log(key, revision, 'DELETED', JSON.stringify(resource), previous);
      changes.push(changeOf(key, revision, { type: 'DELETED', resource, previous: parse(previous) }));
      return resource;
    });
  }

  watch(
    collection: Collection,
    options: { readonly namespace?: string; readonly since: string },
    onEvent: (event: WatchEvent) => void,
  ): Watch {
    this.#assertOpen();
    const since = parseRevision(options.since);
    if (since > this.#revision)
      throw new StoreError('expired', `resource version ${since} is not of this store`);
    this.#assertReachable(since);
    const backlog = since === this.#revision ? [] : this.#sql.changes(collection, options.namespace, since);
    const events = backlog.map((row) => eventOf(row.type, parse(row.body), row.previous));
    return this.#watchers.add(collection, options.namespace, this.#revision, events, onEvent);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#commit();
    this.#closed = true;
    this.#watchers.clear();
    this.#database.close();
  }

  #existing(key: Key, expected: string | undefined): string {
    const row = this.#sql.get(key);
    if (row === undefined) throw new StoreError('not-found', `${describe(key)} not found`);
    if (expected !== undefined && expected !== String(row.revision))
      throw new StoreError('conflict', `${describe(key)} is at ${row.revision}, not at ${expected}`);
    return row.body;
  }

  #put(key: Key, resource: Resource, previous: string | undefined, changes: Change[]): Resource {
    const revision = ++this.#revision;
    const stored = stamp(resource, revision);
    const body = JSON.stringify(stored);
    const type = previous === undefined ? 'ADDED' : 'MODIFIED';
    this.#sql.put(key, revision, body);
    this.#sql.log(key, revision, type, body, previous ?? null);
    changes.push(changeOf(key, revision, eventOf(type, parse(body), previous ?? null)));
    return stored;
  }

  #write(run: (changes: Change[]) => Resource): Promise<Resource> {
    if (this.#closed) return Promise.reject(new StoreError('unavailable', 'the store is closed'));
    return new Promise((resolve, reject) => {
      if (this.#pending.push({ run, resolve, reject }) === 1) setImmediate(() => this.#commit());
    });
  }

  /** Runs the pending writes in one transaction, then answers them, then tells the watches. */
  #commit(): void {
    const batch = this.#pending;
    if (batch.length === 0) return;
    this.#pending = [];
    const before = this.#revision;
    const changes: Change[] = [];
    const answers: (() => void)[] = [];
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      for (const { run, resolve, reject } of batch) {
        try {
          const written = run(changes);
          answers.push(() => resolve(written));
        } catch (error) {
          if (!(error instanceof StoreError)) throw error;
          answers.push(() => reject(error));
        }
      }
      this.#sql.setMeta('revision', this.#revision);
      const compacted = this.#compact();
      this.#database.exec('COMMIT');
      this.#compacted = compacted;
    } catch (error) {
      this.#revision = before;
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      const reason = error instanceof Error ? error.message : String(error);
      const refusal = new StoreError('unavailable', `nothing was written: ${reason}`);
      for (const { reject } of batch) reject(refusal);
      return;
    }
    for (const answer of answers) answer();
    for (const change of changes) this.#watchers.publish(change);
  }

  /** Cuts the log when it is an eighth too long, so that most commits don't. */
  #compact(): number {
    const horizon = this.#revision - this.#keep;
    if (horizon - this.#compacted < this.#keep / 8) return this.#compacted;
    this.#sql.cut(horizon);
    this.#sql.setMeta('compacted', horizon);
    return horizon;
  }

  #assertReachable(revision: number): void {
    if (revision > this.#revision)
      throw new StoreError('malformed', `resource version ${revision} is newer than ${this.#revision}`);
    if (revision < this.#compacted)
      throw new StoreError('expired', `too old resource version: ${revision} (${this.#compacted})`);
  }

  #assertOpen(): void {
    if (this.#closed) throw new StoreError('unavailable', 'the store is closed');
  }
}

const parse = (body: string): Resource => JSON.parse(body) as Resource;

const stamp = (resource: Resource, revision: number): Resource => ({
  ...resource,
  metadata: { ...resource.metadata, resourceVersion: String(revision) },
});

const changeOf = (key: Key, revision: number, event: WatchEvent): Change => ({
  revision,
  collection: key,
  namespace: key.namespace,
  event,
});

function eventOf(type: Row['type'], resource: Resource, previous: string | null): WatchEvent {
  return previous === null ? { type, resource } : { type, resource, previous: parse(previous) };
}

const describe = ({ group, plural, namespace, name }: Key): string =>
  `${group === '' ? plural : `${plural}.${group}`} ${namespace === '' ? name : `${namespace}/${name}`}`;
