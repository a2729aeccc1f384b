import type { Http2Options } from '@tulle/decision/tables/http-manager';

/** What a peer may take. Bytes, milliseconds; 0 switches a time limit off. */
export interface Http2Limits {
  /** Streams that the peer may have open; for a client also how many it opens itself at most. */
  readonly maxConcurrentStreams: number;
  /** Names, values and 32 for each field, as RFC 9113 section 6.5.2 counts. Envoy's default: 60 KiB. */
  readonly maxHeaderListBytes: number;
  /** Envoy's default: 100. */
  readonly maxFields: number;
  /** A header block as it is on the wire, over all its frames. */
  readonly maxHeaderBlockBytes: number;
  /** CONTINUATION frames of one block (CVE-2024-27316 and its kin). */
  readonly maxContinuations: number;
  /** From a header block's first frame to its last, and from the opening to the peer's SETTINGS. */
  readonly headTimeoutMs: number;
  /** Without a stream; twice as long at most. Envoy's default: 1 h. */
  readonly idleTimeoutMs: number;
  /** How long a peer may grant no window to a complete message. Envoy's stream_flush_timeout: 5 min. */
  readonly stallTimeoutMs: number;
  /** How long the peer may take to close after our last byte, or to answer the PING of a drain. */
  readonly lingerMs: number;
  /** Streams that a peer may have reset, or force us to reset, beyond those that ended well (CVE-2023-44487). */
  readonly resetBurst: number;
  /** More of them, per second. */
  readonly resetsPerSecond: number;
  /** PING, SETTINGS, PRIORITY, empty and unknown frames beyond those that come with real work. */
  readonly idleFrameBurst: number;
  readonly idleFramesPerSecond: number;
  /** Answers to control frames that wait while the peer reads nothing. */
  readonly maxControlBytes: number;
  /** 1xx responses to one request. */
  readonly maxInformational: number;
  /** What a stream's peer may send unread, at first and while it is read at once. */
  readonly streamWindow: number;
  readonly maxStreamWindow: number;
  /** The same for all streams together; the most that one connection can make us hold. */
  readonly connectionWindow: number;
  readonly maxConnectionWindow: number;
}

export const defaultHttp2Limits: Http2Limits = {
  maxConcurrentStreams: 256,
  maxHeaderListBytes: 60 * 1024,
  maxFields: 100,
  maxHeaderBlockBytes: 64 * 1024,
  maxContinuations: 32,
  headTimeoutMs: 10_000,
  idleTimeoutMs: 3_600_000,
  stallTimeoutMs: 300_000,
  lingerMs: 1_000,
  resetBurst: 500,
  resetsPerSecond: 50,
  idleFrameBurst: 1_000,
  idleFramesPerSecond: 100,
  maxControlBytes: 256 * 1024,
  maxInformational: 16,
  streamWindow: 256 * 1024,
  maxStreamWindow: 2 * 1024 * 1024,
  connectionWindow: 1024 * 1024,
  maxConnectionWindow: 4 * 1024 * 1024,
};

/** Windows beyond these would only let a peer fill our memory; Envoy's configurations say 256 MiB. */
const largestStreamWindow = 16 * 1024 * 1024;
const largestConnectionWindow = 64 * 1024 * 1024;

/** The default limits with what configuration says instead. A window that it says does not grow. */
export function limitsOf(options: Http2Options, more: Partial<Http2Limits> = {}): Http2Limits {
  const { maxConcurrentStreams, streamWindow, connectionWindow } = options;
  const stream = streamWindow && Math.min(streamWindow, largestStreamWindow);
  const connection = connectionWindow && Math.min(connectionWindow, largestConnectionWindow);
  return {
    ...defaultHttp2Limits,
    ...(maxConcurrentStreams === undefined ? {} : { maxConcurrentStreams }),
    ...(stream === undefined ? {} : { streamWindow: stream, maxStreamWindow: stream }),
    ...(connection === undefined ? {} : { connectionWindow: connection, maxConnectionWindow: connection }),
    ...more,
  };
}
