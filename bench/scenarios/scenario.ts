import type { Backend } from '../peers/backend.ts';
import type { CertificateFiles, Peer } from '../peers/peer.ts';

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
  readonly backend: Backend;
  readonly certificates: CertificateFiles;
  readonly peers: readonly Peer[];
}

/** What is asked for, and how. */
export interface Ask {
  readonly path: '/1k' | '/1m' | '/bench.Echo/Unary';
  /** HTTP/2 by prior knowledge: so many requests under way on each connection. Absent: HTTP/1.1. */
  readonly streams?: number;
  /** A gRPC call: the message goes with the request, and a status must come back. */
  readonly grpc?: boolean;
}

export interface Scenario {
  readonly name: string;
  /** What the load does: asks again and again, makes connections, resumes them, or just stays. */
  readonly kind: 'requests' | 'handshakes' | 'resumptions' | 'idle';
  readonly ask: Ask;
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
