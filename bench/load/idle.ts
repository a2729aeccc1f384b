import { once } from 'node:events';
import { join } from 'node:path';
import { loadCore } from '../system/cpu.ts';
import { type Program, startProgram } from '../system/program.ts';

export interface Idle {
  readonly port: number;
  readonly path: string;
  readonly host: string;
  readonly connections: number;
}

/** Connections that have each asked once and then stay. Resolves when all are answered. */
export async function holdIdle(load: Idle): Promise<Program> {
  const file = join(import.meta.dirname, 'idle-program.ts');
  const program = startProgram(process.execPath, [file, JSON.stringify(load)], { core: loadCore });
  const ended = once(program.child, 'exit').then(() => {
    throw new Error(`${load.connections} idle connections could not be opened`);
  });
  if (program.child.stdout !== null) await Promise.race([once(program.child.stdout, 'data'), ended]);
  ended.catch(() => {});
  return program;
}
