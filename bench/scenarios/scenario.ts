import type { CertificateFiles, Peer } from '../peers/peer.ts';
import type { Program } from '../system/program.ts';

/** One peer as a scenario has set it up. */
export interface Subject {
  readonly peer: string;
  readonly port: number;
  readonly host: string;
  /** The proxy processes that a request passes. Empty: none, the backend itself. */
  readonly pids: readonly number[];
  allocatedBytes?(): Promise<number>;
  stop(): Promise<void>;
}

/** What scenarios share: one backend, one set of certificates, a folder that goes with the run. */
export interface Bench {
  readonly folder: string;
  readonly backend: { readonly port: number; readonly program: Program };
  readonly certificates: CertificateFiles;
  readonly peers: readonly Peer[];
}

export interface Scenario {
  readonly name: string;
  /** What the load does: asks again and again, makes connections, or just stays. */
  readonly kind: 'requests' | 'handshakes' | 'idle';
  readonly path: '/1k' | '/1m';
  readonly connections: number;
  /** Of each answer: figures are compared by bytes per CPU second instead of CPU per request. */
  readonly bytes?: number;
  /** How many proxies a request passes; CPU and RSS are for each of them. */
  readonly hops: 1 | 2;
  setUp(bench: Bench): Promise<readonly Subject[]>;
}

/** Scenarios of the plan that can't be measured, and why. */
export interface NotYet {
  readonly name: string;
  readonly why: string;
}
