import type { EdgeRules } from '../edge-rules.ts';
import type { AccessLog } from './access-log.ts';
import type { RouteTable } from './route.ts';

export interface HttpManager {
  readonly statPrefix: string;
  readonly codec: 'auto' | 'http1' | 'http2';
  readonly routes:
    | { readonly kind: 'inline'; readonly table: RouteTable }
    | { readonly kind: 'rds'; readonly name: string };
  /** In order; the last is the router. */
  readonly filters: readonly HttpFilterConfig[];
  readonly accessLogs: readonly AccessLog[];
  /** What is believed of clients, and what is said to them. */
  readonly edge: EdgeRules;
  /** Lower case: `websocket`, `connect`. */
  readonly upgrades: readonly string[];
  /** 0: none. Envoy's default: 1 h. */
  readonly idleTimeoutMs: number;
  /** 0: none. Envoy's default: 5 min. */
  readonly streamIdleTimeoutMs: number;
  /** Time for a whole request head; 0: none. */
  readonly requestHeadersTimeoutMs: number;
  /** Time for a whole request, body included; 0: none (Envoy's default: some requests never end). */
  readonly requestTimeoutMs: number;
  readonly maxRequestHeadersBytes: number;
  /** 0: no limit. */
  readonly maxRequestsPerConnection: number;
  /** After this the connection takes no more requests; 0: no limit. */
  readonly maxConnectionDurationMs: number;
  readonly http2: Http2Options;
}

/** Of HTTP/2 connections, as Envoy's Http2ProtocolOptions; the codec's defaults for what is absent. */
export interface Http2Options {
  /** Towards a client how many streams it may have open, towards a server how many we open. */
  readonly maxConcurrentStreams?: number;
  /** What a peer may send unread, on one stream and on all. */
  readonly streamWindow?: number;
  readonly connectionWindow?: number;
  /** A PING after each interval; a peer that does not answer in time is gone. */
  readonly keepalive?: { readonly intervalMs: number; readonly timeoutMs: number };
}

/**
 * One per filter folder. `name` is the instance's, for per-route configuration; `typeUrl` chooses the
 * folder; `config` is that filter's own decoded type.
 */
export interface HttpFilterConfig {
  readonly name: string;
  readonly typeUrl: string;
  readonly config: unknown;
}
