/** `npm run bench -- control-plane`. See README.md. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Figures, measure } from './measure.ts';
import { report } from './report.ts';
import { readPlan, usage } from './sizes.ts';

/** Prints tables, and writes them and all figures to `bench/results`. @throws Error for wrong arguments */
export async function benchControlPlane(args: readonly string[]): Promise<void> {
  const plan = readPlan(args);
  if (plan === 'help') {
    process.stdout.write(usage);
    return;
  }
  const note = (text: string): void => {
    process.stderr.write(`${text}\n`);
  };
  const figures: Figures[] = [];
  const out = join(import.meta.dirname, '..', 'results');
  mkdirSync(out, { recursive: true });
  for (const size of plan.sizes) {
    figures.push(await measure(size, plan.changes, note));
    // Each time: a run that is ended early leaves what it has.
    writeFileSync(join(out, 'control-plane.json'), `${JSON.stringify(figures, null, 2)}\n`);
    writeFileSync(join(out, 'control-plane.md'), report(figures));
  }
  process.stdout.write(report(figures));
}
