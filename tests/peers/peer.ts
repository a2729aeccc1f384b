import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe } from 'vitest';

const missing = new Set((process.env.TULLE_MISSING_PEERS ?? '').split(',').filter((name) => name !== ''));

/**
 * A suite that needs real peers (`envoy`, `kubectl`, `chromium`, `tmux`): run if all are there, else skipped
 * by name. `scripts/peers.mjs` puts them on the PATH, and fails in CI when one is missing.
 */
export function describeWithPeers(title: string, peers: readonly string[], suite: () => void): void {
  const absent = peers.filter((name) => missing.has(name));
  if (absent.length === 0) describe(title, suite);
  else describe.skip(`${title} (no ${absent.join(', ')})`, suite);
}

/** Where a peer's program lies on the PATH. @throws when it is not there */
export function peerPath(name: string): string {
  const paths = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name));
  const path = paths.find((candidate) => {
    try {
      accessSync(candidate, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  if (path === undefined) throw new Error(`no ${name} on the PATH`);
  return path;
}
