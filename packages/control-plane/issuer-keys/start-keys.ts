import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '@tulle/xds/clock';
import type { KeySets } from '../model/security/request-authentication.ts';
import { fetchKeys } from './fetch-keys.ts';
import { KeyBook } from './key-book.ts';

/** A book of keys that survives a restart: proxies must not lose keys because their control plane starts. */
export function startKeys(options: {
  readonly stateDir: string;
  readonly clock: Clock;
  readonly onChange: (isNew: boolean) => void;
  readonly onError: (error: unknown) => void;
}): KeyBook {
  const { stateDir, clock, onChange, onError } = options;
  const file = join(stateDir, 'issuer-keys.json');
  const book = new KeyBook({
    fetch: fetchKeys,
    clock,
    known: lastGood(file),
    onChange: (isNew) => {
      if (isNew) {
        try {
          writeFileSync(`${file}.new`, JSON.stringify(Object.fromEntries(book.keySets)), { mode: 0o600 });
          renameSync(`${file}.new`, file);
        } catch (error) {
          onError(error);
        }
      }
      onChange(isNew);
    },
  });
  return book;
}

/** Nothing, if there is none or it can't be read: keys are fetched then. */
function lastGood(file: string): KeySets {
  try {
    return new Map(Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>));
  } catch {
    return new Map();
  }
}
