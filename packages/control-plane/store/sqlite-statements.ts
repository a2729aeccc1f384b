import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Collection, Key } from './store.ts';

/** A line of the change log. */
export interface Row {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly body: string;
  readonly previous: string | null;
}

interface Item {
  readonly namespace: string;
  readonly name: string;
  readonly body: string;
}

/** What a page shows: one collection at one revision, from a position on. */
interface Range extends Collection {
  readonly revision: number;
  readonly namespace: string | undefined;
  readonly after: { readonly namespace: string; readonly name: string } | undefined;
}

/**
 * The collection at `:revision`: what has not changed since, and what the first later change replaced. It
 * needs no more history than the changes after that revision. (The plus signs keep SQLite to the revision's
 * index there: few changes are newer.)
 */
const atRevision = `
  SELECT namespace, name, body FROM resources
  WHERE grp = :grp AND plural = :plural AND revision <= :revision
    AND (:namespace IS NULL OR namespace = :namespace)
    AND (namespace, name) > (:afterNamespace, :afterName)
  UNION ALL
  SELECT namespace, name, previous AS body FROM changes AS first
  WHERE revision > :revision AND +grp = :grp AND +plural = :plural AND previous IS NOT NULL
    AND (:namespace IS NULL OR namespace = :namespace)
    AND (namespace, name) > (:afterNamespace, :afterName)
    AND NOT EXISTS (
      SELECT 1 FROM changes AS earlier
      WHERE earlier.grp = first.grp AND earlier.plural = first.plural
        AND earlier.namespace = first.namespace AND earlier.name = first.name
        AND earlier.revision > :revision AND earlier.revision < first.revision)`;

/** The statements of the store, each prepared once. */
export interface Statements {
  get(key: Key): { readonly revision: number; readonly body: string } | undefined;
  put(key: Key, revision: number, body: string): void;
  remove(key: Key): void;
  log(key: Key, revision: number, type: Row['type'], body: string, previous: string | null): void;
  /** `limit` -1: all. */
  page(range: Range & { readonly limit: number }): Item[];
  count(range: Range): number;
  changes(collection: Collection, namespace: string | undefined, since: number): Row[];
  /** Drops the changes up to and including `revision`. */
  cut(revision: number): void;
  meta(name: 'revision' | 'compacted'): number;
  setMeta(name: 'revision' | 'compacted', value: number): void;
}

/** All statements of the store, prepared once per database. */
export function prepareStatements(database: DatabaseSync): Statements {
  const byKey = 'grp = ? AND plural = ? AND namespace = ? AND name = ?';
  const get = database.prepare(`SELECT revision, body FROM resources WHERE ${byKey}`);
  const put = database.prepare('INSERT OR REPLACE INTO resources VALUES (?, ?, ?, ?, ?, ?)');
  const remove = database.prepare(`DELETE FROM resources WHERE ${byKey}`);
  const log = database.prepare('INSERT INTO changes VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
  const page = database.prepare(`${atRevision} ORDER BY namespace, name LIMIT :limit`);
  const count = database.prepare(`SELECT count(*) AS n FROM (${atRevision})`);
  const changes = database.prepare(
    `SELECT type, body, previous FROM changes WHERE revision > :since AND grp = :grp AND plural = :plural
     AND (:namespace IS NULL OR namespace = :namespace) ORDER BY revision`,
  );
  const cut = database.prepare('DELETE FROM changes WHERE revision <= ?');
  const meta = database.prepare('SELECT value FROM meta WHERE name = ?');
  const setMeta = database.prepare('UPDATE meta SET value = ? WHERE name = ?');
  return {
    get: (key) => row(get, ...keyValues(key)),
    put: (key, revision, body) => void put.run(...keyValues(key), revision, body),
    remove: (key) => void remove.run(...keyValues(key)),
    log: (key, revision, type, body, previous) =>
      void log.run(revision, ...keyValues(key), type, body, previous),
    page: ({ limit, ...range }) => page.all({ ...rangeValues(range), limit }) as unknown as Item[],
    count: (range) => Number(count.get(rangeValues(range))?.n ?? 0),
    changes: ({ group, plural }, namespace, since) =>
      changes.all({ since, grp: group, plural, namespace: namespace ?? null }) as unknown as Row[],
    cut: (revision) => void cut.run(revision),
    meta: (name) => row<{ value: number }>(meta, name)?.value ?? 0,
    setMeta: (name, value) => void setMeta.run(value, name),
  };
}

/** The one place where a row's shape is taken on trust: the statement beside it says it. */
function row<T>(statement: StatementSync, ...values: string[]): T | undefined {
  return statement.get(...values) as T | undefined;
}

const keyValues = (key: Key): [string, string, string, string] => [
  key.group,
  key.plural,
  key.namespace,
  key.name,
];

const rangeValues = ({ group, plural, revision, namespace, after }: Range) => ({
  grp: group,
  plural,
  revision,
  namespace: namespace ?? null,
  afterNamespace: after?.namespace ?? '',
  afterName: after?.name ?? '',
});
