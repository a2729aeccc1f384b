import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(import.meta.dirname, '../../../..');

/**
 * The file to start for one of our programs: in a clone the bundle that set-up has made, as long as no source is
 * newer than it; else the module itself.
 */
export function programPath(name: 'data-plane' | 'control-plane'): string {
  const bundle = join(root, 'dist', 'bundles', name);
  return isFresh(bundle)
    ? join(bundle, 'main.js')
    : fileURLToPath(import.meta.resolve(`@tulle/${name}/main`));
}

function isFresh(bundle: string): boolean {
  try {
    const manifest = join(bundle, 'manifest.json');
    const { sources } = JSON.parse(readFileSync(manifest, 'utf8')) as { sources: string[] };
    const made = statSync(manifest).mtimeMs;
    return sources.every((source) => statSync(join(root, source)).mtimeMs <= made);
  } catch {
    return false;
  }
}
