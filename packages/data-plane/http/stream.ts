/**
 * The seam between protocols. HTTP/1.1 and HTTP/2, server and client side, give the rest of the data plane
 * this one small object; nobody else asks which it is.
 *
 * ```
 *   downstream peer ⇄ codec ── StreamHandler ──▶ router ── Stream ──▶ codec ⇄ upstream peer
 * ```
 * A server codec calls `handler.onHead` with a RequestHead and is answered through its Stream; a client
 * codec is sent a RequestHead through its Stream and calls `handler.onHead` with a ResponseHead.
 *
 * Rules: `end` is true exactly once per direction (on the head, on the last data, or by trailers). After
 * `reset` or `onReset` nothing more is sent or received. Calls into a finished stream are ignored.
 *
 * CONNECT and upgrades: the request's head comes with `end` false. When the answer accepts (2xx to CONNECT,
 * 101 to an upgrade), data flows both ways until each side has ended; when it does not, the request is
 * complete as it is and no `end` of it follows.
 */
import type { DynamicMetadata } from '@tulle/decision/dynamic-metadata';
import type { Headers } from '@tulle/decision/headers';

export interface RequestHead {
  method: string;
  /** Origin-form target: path and query. `*` for OPTIONS *; empty for CONNECT. */
  path: string;
  /** Host, without user info; the authority of CONNECT. */
  authority: string;
  scheme: 'http' | 'https';
  /** Without Host/:authority, and without framing fields (content-length stays). */
  headers: Headers;
  /** What the peer speaks: `HTTP/1.0`, `HTTP/1.1`, `HTTP/2`. */
  protocol: string;
  /** Set for CONNECT (`connect`) and `Connection: Upgrade` (the lower-case Upgrade value, `websocket`). */
  upgrade?: string;
  /** True if the target was in absolute form (a forward-proxy request). */
  absoluteForm?: boolean;
  /** What filters have learnt of it. */
  metadata?: DynamicMetadata;
}

export interface ResponseHead {
  status: number;
  reason?: string;
  headers: Headers;
  protocol: string;
}

export type ResetReason =
  /** The peer closed or reset the connection. */
  | 'connection-termination'
  /** The peer reset this stream alone (HTTP/2). */
  | 'remote-reset'
  /** Could not connect; nothing was sent. */
  | 'connection-failure'
  /** The peer broke the protocol. */
  | 'protocol-error'
  /** The peer refused the stream before processing it; safe to retry. */
  | 'refused-stream'
  /** We gave up: timeout, downstream gone, filter. */
  | 'local-reset'
  /** A limit was exceeded. */
  | 'overflow';

/** Receives one direction of a stream. */
export interface StreamHandler<Head> {
  onHead(head: Head, end: boolean): void;
  /** `chunk` is valid only during the call: copy what must outlive it. */
  onData(chunk: Buffer, end: boolean): void;
  onTrailers(trailers: Headers): void;
  /** 1xx other than 101; client side only. */
  onInformational?(head: Head): void;
  /** The send buffer is below its low watermark again. */
  onDrain(): void;
  onReset(reason: ResetReason, detail?: string): void;
}

/** Sends the other direction of a stream. */
export interface Stream<Head> {
  sendHead(head: Head, end: boolean): void;
  sendInformational(head: Head): void;
  /** False: above the high watermark, hold back until `onDrain`. The chunk is copied or written at once. */
  sendData(chunk: Buffer, end: boolean): boolean;
  sendTrailers(trailers: Headers): void;
  reset(reason: ResetReason): void;
  /** Stops and resumes `onData`: backpressure to the peer. */
  pause(): void;
  resume(): void;
}
