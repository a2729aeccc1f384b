import type { ConnectError } from '../connector.ts';
import type { ClientConnection } from './client-connection.ts';

/** What a pool speaks. `auto`: HTTP/2 where TLS agrees on `h2`, else HTTP/1.1. */
export type PoolProtocol = 'http1' | 'http2' | 'auto';

export type PoolFailure = ConnectError | 'overflow';

export interface PoolCallbacks {
  /** May be called before `request` returns. A request is begun in it. */
  onReady(lease: Lease): void;
  onFailed(failure: PoolFailure, detail: string): void;
}

/** One connection, for one request. It goes back to its pool by itself when the codec says so. */
export interface Lease {
  readonly connection: ClientConnection;
  readonly localAddress: string;
  /** Over TLS. */
  readonly secured: boolean;
  /** SPIFFE ID that the server showed; empty: none. */
  readonly peerUri: string;
}
