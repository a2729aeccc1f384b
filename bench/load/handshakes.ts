import { join } from 'node:path';
import type { CertificateFiles } from '../peers/peer.ts';
import { loadCore } from '../system/cpu.ts';
import { runProgram } from '../system/program.ts';
import type { LoadResult } from './closed-loop.ts';
import type { Percentiles } from './percentiles.ts';

export interface Handshakes {
  readonly port: number;
  readonly path: string;
  readonly host: string;
  readonly concurrency: number;
  readonly seconds: number;
  readonly certificates: CertificateFiles;
  /** Each connection resumes the session of one before it. */
  readonly resume: boolean;
}

export interface HandshakeResult extends LoadResult, Percentiles {}

/** A new mutual-TLS connection for each request; each latency is connect to answer. One that is not as `resume` says is an error. */
export async function handshakes(load: Handshakes): Promise<HandshakeResult> {
  const program = join(import.meta.dirname, 'handshakes-program.ts');
  return JSON.parse(await runProgram(process.execPath, [program, JSON.stringify(load)], loadCore));
}
