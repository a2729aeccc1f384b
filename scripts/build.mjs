/**
 * `npm run build`: publishable packages in dist/npm/<room>: JavaScript and d.ts, since Node refuses to strip
 * types from installed packages. Sources keep running as they are in a clone.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup.mjs';

const out = join(root, 'dist', 'npm');
rmSync(out, { recursive: true, force: true });
const { status } = spawnSync('tsc', ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);

/** Folders and files that are shipped as they are. */
const shippedAsIs = ['gen', 'bin', 'README.md'];

for (const room of readdirSync(join(root, 'packages'))) {
  const source = join(root, 'packages', room);
  const target = join(out, room);
  for (const name of shippedAsIs) {
    if (existsSync(join(source, name))) cpSync(join(source, name), join(target, name), { recursive: true });
  }
  cpSync(join(root, 'LICENSE'), join(target, 'LICENSE'));
  const manifest = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'));
  const { './*': _sources, ...otherExports } = manifest.exports;
  manifest.exports = { ...otherExports, './*': { types: './*.d.ts', default: './*.js' } };
  writeFileSync(join(target, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}
process.stdout.write(`built ${readdirSync(out).length} packages in dist/npm\n`);
