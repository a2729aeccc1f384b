/** `npm run check`: types, lint, format, import rules, pages. All of them run; any failure fails. */
import { spawnSync } from 'node:child_process';
import { root } from './setup.mjs';

const steps = [
  ['types', 'tsc', ['-p', 'tsconfig.json']],
  ['lint, format', 'biome', ['ci', '--error-on-warnings', '.']],
  ['import rules', 'node', ['scripts/import-rules.ts']],
  ['pages', 'node', ['scripts/pages.ts']],
];

let failed = 0;
for (const [name, command, args] of steps) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  process.stdout.write(`${status === 0 ? '✓' : '✗'} ${name}\n`);
  if (status !== 0) failed++;
}
process.exit(failed === 0 ? 0 : 1);
