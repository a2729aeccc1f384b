/** What a peer may take. Bytes, milliseconds; 0 switches a time limit off. */
export interface Http1Limits {
  /** Start line, fields and line ends together; also for trailers. Envoy's default: 60 KiB. */
  readonly maxHeadBytes: number;
  /** Envoy's default: 100. */
  readonly maxFields: number;
  /** Of all chunks of one message together. */
  readonly maxChunkExtensionBytes: number;
  /** From a head's first byte (or the connection's opening) to its last. */
  readonly headTimeoutMs: number;
  /** Between exchanges. Envoy's default: 1 h. */
  readonly idleTimeoutMs: number;
  /** Of a request that was answered early: bytes still read so that the connection can be kept. */
  readonly maxDiscardBytes: number;
  /** How long a response may take to begin once the client has half-closed. */
  readonly halfCloseMs: number;
  /** How long the peer may take to close after our last byte. */
  readonly lingerMs: number;
  /** How long a client may take nothing of answers that are complete. Envoy's stream_idle_timeout: 5 min. */
  readonly flushTimeoutMs: number;
  /** 1xx responses to one request. */
  readonly maxInformational: number;
}

export const defaultHttp1Limits: Http1Limits = {
  maxHeadBytes: 60 * 1024,
  maxFields: 100,
  maxChunkExtensionBytes: 4 * 1024,
  headTimeoutMs: 10_000,
  idleTimeoutMs: 3_600_000,
  maxDiscardBytes: 64 * 1024,
  halfCloseMs: 15_000,
  lingerMs: 1_000,
  flushTimeoutMs: 300_000,
  maxInformational: 16,
};
