import { readFileSync, statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { resourceKey } from '@tulle/control-plane/model/origin';
import type { ResourceKind } from '@tulle/resources/kind';
import { writeJson } from './run-record.ts';

/**
 * `sources.json`: from which file of this machine each resource was applied last. It is a memory of who sits here, no
 * part of the mesh: others don't see it, and without it commands do what they do, but for lines of files.
 */
interface Sourced {
  readonly kind: Pick<ResourceKind, 'kind'>;
  readonly namespace: string;
  readonly name: string;
  /** Absolute; undefined: of none (standard input), or no longer there. */
  readonly file: string | undefined;
}

/** Of names and paths together; what was applied longest ago is forgotten first. */
const maxCharacters = 2 ** 20;
/** What is larger we have not written. */
const maxBytes = 8 * maxCharacters;

/** Absolute paths by `resourceKey`; empty when there is no book, or none that can be read. */
export function readSources(path: string): ReadonlyMap<string, string> {
  try {
    if (statSync(path).size > maxBytes) return new Map();
    const entries = Object.entries(JSON.parse(readFileSync(path, 'utf8')) as object);
    return new Map(
      entries.filter(
        (entry): entry is [string, string] => typeof entry[1] === 'string' && isAbsolute(entry[1]),
      ),
    );
  } catch {
    return new Map();
  }
}

/** Replaces what was known of these resources. A book that can't be written stays as it is. */
export function recordSources(path: string, resources: readonly Sourced[]): void {
  const known = readSources(path);
  const book = new Map(known);
  for (const { kind, namespace, name, file } of resources) {
    const key = resourceKey({ kind: kind.kind, namespace, name });
    book.delete(key);
    if (file !== undefined) book.set(key, file);
  }
  if (book.size === 0 && known.size === 0) return;
  try {
    writeJson(path, Object.fromEntries(newest([...book])));
  } catch {
    // A full disk is no reason to fail what has been applied: lines are checked against the mesh before they are shown.
  }
}

function newest(entries: readonly (readonly [string, string])[]): (readonly [string, string])[] {
  let left = maxCharacters;
  const first = entries.findLastIndex(([key, file]) => {
    left -= key.length + file.length;
    return left < 0;
  });
  return entries.slice(first + 1);
}
