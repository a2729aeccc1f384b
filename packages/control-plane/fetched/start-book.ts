import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FetchedBook, type FetchedBookOptions } from './fetched-book.ts';

/** What is common to all that is fetched. */
export interface BookSetting {
  readonly stateDir: string;
  readonly onError: (error: unknown) => void;
}

/**
 * A book that survives a restart: proxies must not lose anything because their control plane starts.
 * @param file its name in the state folder; values are written as JSON
 */
export function startBook<Source, Value>(
  file: string,
  { stateDir, onError, onChange, ...options }: BookSetting & Omit<FetchedBookOptions<Source, Value>, 'known'>,
): FetchedBook<Source, Value> {
  const path = join(stateDir, file);
  const book = new FetchedBook<Source, Value>({
    ...options,
    known: lastGood(path),
    onChange: (isNew) => {
      if (isNew) {
        try {
          writeFileSync(`${path}.new`, JSON.stringify(Object.fromEntries(book.values)), { mode: 0o600 });
          renameSync(`${path}.new`, path);
        } catch (error) {
          onError(error);
        }
      }
      onChange(isNew);
    },
  });
  return book;
}

/** Nothing, if there is none or it can't be read: all is fetched then. */
function lastGood<Value>(path: string): ReadonlyMap<string, Value> {
  try {
    return new Map(Object.entries(JSON.parse(readFileSync(path, 'utf8')) as Record<string, Value>));
  } catch {
    return new Map();
  }
}
