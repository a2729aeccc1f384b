import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { oneBytePerCharacter, smallOutput } from '../../scripts/small-bundle.ts';

let bundled: Promise<string> | undefined;

/** Our program as a bundle, as set-up makes it of the proxy: types stripped from 200 files would cost 30 MB. */
export function bundleProgram(folder: string): Promise<string> {
  bundled ??= bundle(folder);
  return bundled;
}

async function bundle(folder: string): Promise<string> {
  const input = join(import.meta.dirname, 'tulle-program.ts');
  const made = await rolldown({
    input,
    platform: 'node',
    external: [/^node:/],
    plugins: [oneBytePerCharacter],
  });
  const dir = join(folder, 'tulle-program');
  await made.write({
    dir,
    entryFileNames: '[name].mjs',
    chunkFileNames: '[name].mjs',
    ...smallOutput,
  });
  await made.close();
  return join(dir, 'tulle-program.mjs');
}
