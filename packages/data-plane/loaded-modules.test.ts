import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

/** Prints every file that importing the proxy loads, and every module of Node's own, in a process of its own. */
const probe = `
  import { registerHooks } from 'node:module';
  const loaded = [];
  registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context); } });
  await import(${JSON.stringify(join(import.meta.dirname, 'proxy.ts'))});
  process.stdout.write(JSON.stringify([...loaded, ...process.moduleLoadList]));
`;

async function loadedModules(): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', probe], {
    maxBuffer: 16 * 1024 * 1024,
  });
  return JSON.parse(stdout) as string[];
}

describe('a running sidecar', () => {
  it('has loaded nothing that makes it heavy', async () => {
    const loaded = await loadedModules();
    expect(loaded.length).toBeGreaterThan(50);
    const packages = new Set(
      loaded.flatMap((url) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? []),
    );
    // Our own packages are links, so what is left is what others wrote.
    expect([...packages]).toEqual(['re2js']);
    const ours = loaded.filter((url) => url.includes('/packages/'));
    expect(ours.filter((url) => /\/packages\/(control-plane|resources|cli)\//.test(url))).toEqual([]);
    expect(ours.filter((url) => /\/(testing|test-[^/]*)\b|\.test\.ts$/.test(url))).toEqual([]);
    expect(loaded.filter((url) => /^node:(http|https|http2|sqlite|worker_threads)$/.test(url))).toEqual([]);
    // Nor by way of another module of Node's.
    const internal = loaded.filter((url) => url.startsWith('NativeModule '));
    expect(internal).toContain('NativeModule tls');
    expect(internal.filter((url) => / (internal\/)?(http2?|https|_http_\w+|undici)\b/.test(url))).toEqual([]);
  });
});
