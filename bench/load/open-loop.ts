import { join } from 'node:path';
import type { Ask } from '../scenarios/scenario.ts';
import { loadCore } from '../system/cpu.ts';
import { runProgram } from '../system/program.ts';
import type { HandshakerTarget } from './handshaker.ts';
import type { Percentiles } from './percentiles.ts';

export interface OpenLoop {
  readonly port: number;
  readonly ask: Ask;
  readonly host: string;
  readonly connections: number;
  /** Each request has a new connection; `connections` is how many may be under way. */
  readonly handshakes?: Pick<HandshakerTarget, 'certificates' | 'resume'>;
  /** Requests per second. */
  readonly rate: number;
  readonly seconds: number;
  /** The same seed gives the same arrival times. */
  readonly seed: number;
}

export interface OpenLoopResult extends Percentiles {
  readonly requests: number;
  readonly errors: number;
}

/** Latencies at a fixed rate, counted from when each request was due. */
export async function openLoop(load: OpenLoop): Promise<OpenLoopResult> {
  const program = join(import.meta.dirname, 'open-loop-program.ts');
  const output = await runProgram(process.execPath, [program, JSON.stringify(load)], loadCore);
  return JSON.parse(output) as OpenLoopResult;
}
