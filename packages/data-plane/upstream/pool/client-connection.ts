import type { Socket } from 'node:net';
import type { Http2Options } from '@tulle/decision/tables/http-manager';
import type { RequestHead, ResponseHead, Stream, StreamHandler } from '../../http/stream.ts';

/** The client side of a codec, on one connection: all that a pool asks of it. */
export interface ClientConnection {
  /** How many requests it takes now: 0 before the peer allows any, when it is full, and once it is closing. */
  readonly available: number;
  /** Requests under way. */
  readonly active: number;
  /** Begins a request; only while `available`. */
  request(handler: StreamHandler<ResponseHead>): Stream<RequestHead>;
  /** Takes no more requests, and ends when those under way are over. */
  close(): void;
}

export interface ClientConnectionEvents {
  /** It takes a request (more). Not for a connection that does from the start. */
  onAvailable(): void;
  /** It takes no more requests; those under way go on. Then comes `onClose`. */
  onDraining(): void;
  /** It is of no more use; also after `close`. Once. */
  onClose(): void;
}

/** @param http2 undefined: HTTP/1.1 */
export type OpenClientCodec = (
  socket: Socket,
  http2: Http2Options | undefined,
  events: ClientConnectionEvents,
) => ClientConnection;
