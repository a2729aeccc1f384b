import type { Program } from '../system/program.ts';

/**
 * What one proxy process does:
 * - `http`: HTTP/1.1 in, HTTP/1.1 out
 * - `mtls-out`: HTTP/1.1 in, HTTP/1.1 over mTLS out (the client's sidecar)
 * - `mtls-in`: HTTP/1.1 over mTLS in, HTTP/1.1 out (the server's sidecar)
 * - `tcp`: bytes in, bytes out
 */
export type Shape = 'http' | 'mtls-out' | 'mtls-in' | 'tcp';

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
  readonly shapes: readonly Shape[];
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
