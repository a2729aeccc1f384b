/**
 * The little that the xDS client needs of gRPC: streams of messages over one connection. It rides on
 * node:http2 (`http2-transport.ts`) until our own HTTP/2 codec exists (docs/decisions/0001).
 */

/** How a call ended: gRPC's status code and message. */
export interface GrpcStatus {
  readonly code: number;
  readonly message: string;
}

/** gRPC status codes that we make ourselves. */
export const grpcCode = { ok: 0, unknown: 2, unimplemented: 12, internal: 13, unavailable: 14 } as const;

export interface StreamHandler {
  /** One whole message; valid after the call. */
  onMessage(message: Uint8Array): void;
  /** Once, last. */
  onEnd(status: GrpcStatus): void;
}

export interface GrpcStream {
  send(message: Uint8Array): void;
  /** Half-close: we have nothing more to say. */
  end(): void;
  /** Gives up; `onEnd` is not called. */
  cancel(): void;
}

/** One connection. Broken connections end their streams with `unavailable`. */
export interface GrpcConnection {
  open(path: string, metadata: Readonly<Record<string, string>>, handler: StreamHandler): GrpcStream;
  close(): void;
}

export interface TlsIdentity {
  /** The only roots that are believed, PEM. */
  readonly ca: string;
  /** Our SVID: key and chain, PEM. */
  readonly key?: string;
  readonly cert?: string;
}

export interface GrpcTarget {
  readonly address: string;
  readonly port: number;
  /** Absent: plain text, for tests only. */
  readonly tls?: TlsIdentity;
  /** SPIFFE ID that the server must present. Its host name says nothing. */
  readonly serverIdentity: string;
}
