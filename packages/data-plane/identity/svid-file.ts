import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Key, chain and roots stand in one file: a crash between two files would leave a key without its chain. */
export interface StoredSvid {
  readonly keyPem: string;
  readonly chainPem: string;
  readonly rootsPem: string;
}

const fileName = 'svid.json';

/** Undefined when there is none, or it is not one. */
export function readStoredSvid(stateDir: string): StoredSvid | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(join(stateDir, fileName), 'utf8'));
    return isStoredSvid(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Replaces the file whole or not at all; only its owner can read it. */
export function storeSvid(stateDir: string, { keyPem, chainPem, rootsPem }: StoredSvid): void {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const path = join(stateDir, fileName);
  const partial = `${path}.partial`;
  try {
    // Node writes on after a part, where `writeSync` would be content with what there was room for.
    writeFileSync(partial, JSON.stringify({ keyPem, chainPem, rootsPem }), { mode: 0o600, flush: true });
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}

function isStoredSvid(value: unknown): value is StoredSvid {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['keyPem', 'chainPem', 'rootsPem'].every(
      (field) => typeof (value as Record<string, unknown>)[field] === 'string',
    )
  );
}
