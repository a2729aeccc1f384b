/** Writes `docs/reference/analysis.md`: `node packages/control-plane/analyze/generate.ts`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { analysisReference } from './reference.ts';

const folder = join(import.meta.dirname, '../../../docs/reference');
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'analysis.md'), analysisReference());
