import type { Program } from '../system/program.ts';

/** What a proxy passes on: requests of this protocol on both sides, or bytes. */
export type Protocol = 'http1' | 'http2' | 'tcp';

/** What one proxy process does. */
export interface Shape {
  readonly protocol: Protocol;
  /** `out`: mTLS to the upstream, as the client's sidecar; `in`: mTLS from the client, as the server's. */
  readonly mtls: 'none' | 'in' | 'out';
}

export interface HopPlan {
  readonly shape: Shape;
  /** Loopback ports. */
  readonly port: number;
  readonly upstreamPort: number;
  readonly certificates: CertificateFiles;
  /** A folder for what the peer must write. */
  readonly folder: string;
}

/** PEM files, and where both sides of an mTLS hop find the same identity. */
export interface CertificateFiles {
  readonly root: string;
  readonly chain: string;
  readonly key: string;
  /** Key and chain in one file. */
  readonly combined: string;
  /** The SPIFFE ID in the certificate. */
  readonly uri: string;
}

/** A proxy that is compared. */
export interface Peer {
  readonly name: string;
  readonly protocols: readonly Protocol[];
  version(): string;
  /** What it does to each request, for the report. */
  readonly work: string;
  start(plan: HopPlan): Promise<Hop>;
}

/** One running proxy process. */
export interface Hop {
  readonly program: Program;
  /** Bytes allocated by the program so far; only where it can be asked. */
  allocatedBytes?(): Promise<number>;
}
