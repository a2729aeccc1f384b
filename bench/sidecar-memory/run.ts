/** `npm run bench -- sidecar-memory`. See README.md. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ownAddresses } from '../system/namespace.ts';
import { type Figures, measure } from './measure.ts';
import { report } from './report.ts';
import { scopes } from './scopes.ts';

/** Prints tables, and writes them and all figures to `bench/results`. @throws Error for wrong arguments */
export async function benchSidecarMemory(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      services: { type: 'string', default: '1000' },
      endpoints: { type: 'string', default: '10000' },
      scope: { type: 'string', multiple: true, default: scopes.map(({ name }) => name) },
    },
  });
  const extent = {
    services: Number(values.services),
    endpoints: Number(values.endpoints),
    changes: 20,
    requests: 5_000,
  };
  if (!(extent.services > 10 && extent.endpoints >= extent.services))
    throw new Error('--services must be above 10, --endpoints not below --services');
  const note = (text: string): void => {
    process.stderr.write(`${text}\n`);
  };
  const reachable = ownAddresses('10.0.0.0/8');
  const figures: Figures[] = [];
  for (const scope of scopes)
    if (values.scope.includes(scope.name)) figures.push(await measure(scope, extent, reachable, note));
  const out = join(import.meta.dirname, '..', 'results');
  mkdirSync(out, { recursive: true });
  const text = report(figures);
  writeFileSync(join(out, 'sidecar-memory.json'), `${JSON.stringify(figures, null, 2)}\n`);
  writeFileSync(join(out, 'sidecar-memory.md'), text);
  process.stdout.write(text);
}
