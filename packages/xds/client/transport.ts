/**
 * The little that the xDS client needs of gRPC: streams of messages over one connection. Whoever starts the
 * client brings it; a proxy's is `data-plane/grpc`.
 */

/** How a call ended: gRPC's status code and message. */
export interface GrpcStatus {
  readonly code: number;
  readonly message: string;
}

/** The gRPC status codes that we make ourselves (doc/statuscodes.md). */
export const grpcCode = {
  ok: 0,
  unknown: 2,
  deadlineExceeded: 4,
  permissionDenied: 7,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

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

/** Connects; never throws. What goes wrong ends the streams. */
export type ConnectGrpc = (target: GrpcTarget) => GrpcConnection;
