import { join } from 'node:path';
import { loadCore } from '../system/cpu.ts';
import { runProgram } from '../system/program.ts';
import type { LoadResult } from './closed-loop.ts';
import type { HandshakerTarget } from './handshaker.ts';
import type { Percentiles } from './percentiles.ts';

export interface Handshakes extends HandshakerTarget {
  readonly concurrency: number;
  readonly seconds: number;
}

export interface HandshakeResult extends LoadResult, Percentiles {}

/** A new mutual-TLS connection for each request; each latency is connect to answer. */
export async function handshakes(load: Handshakes): Promise<HandshakeResult> {
  const program = join(import.meta.dirname, 'handshakes-program.ts');
  return JSON.parse(await runProgram(process.execPath, [program, JSON.stringify(load)], loadCore));
}
