import { join } from 'node:path';
import { rolldown } from 'rolldown';

let bundled: Promise<string> | undefined;

/** Our program in one file, as set-up makes it of the proxy: types stripped from 200 files would cost 30 MB. */
export function bundleProgram(folder: string): Promise<string> {
  bundled ??= bundle(folder);
  return bundled;
}

async function bundle(folder: string): Promise<string> {
  const input = join(import.meta.dirname, 'tulle-program.ts');
  const made = await rolldown({ input, platform: 'node', external: [/^node:/] });
  const file = join(folder, 'tulle-program.mjs');
  await made.write({ file, format: 'esm', minify: false });
  await made.close();
  return file;
}
