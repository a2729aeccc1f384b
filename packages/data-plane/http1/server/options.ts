import type { RequestHead, ResponseHead, Stream, StreamHandler } from '../../http/stream.ts';
import type { Outboxes } from '../../net/outbox.ts';
import type { TimerWheel } from '../../timers/wheel.ts';
import type { Http1Limits } from '../limits.ts';
import type { Http1Problem } from '../protocol-error.ts';
import type { Http1Server } from './server.ts';

export interface Http1ServerOptions {
  readonly limits: Http1Limits;
  readonly timers: TimerWheel;
  readonly outboxes: Outboxes;
  readonly scheme: 'http' | 'https';
  /**
   * A request's head is there. The returned handler gets it again by `onHead`, then body, trailers, drain
   * and reset; the response goes through `stream`.
   */
  readonly onRequest: (head: RequestHead, stream: Stream<ResponseHead>) => StreamHandler<RequestHead>;
  /**
   * A CONNECT came. True: it was taken over by `connection.acceptTunnel()`, and this codec is out of the
   * way. Absent or false: it goes to `onRequest` like any request.
   */
  readonly onConnect?: (head: RequestHead, connection: Http1Server) => boolean;
  /**
   * The client begins with HTTP/2's preface (RFC 9113 section 3.3): `connection.release()` gives the socket, from
   * which the preface is read again. Absent: it is a bad request.
   */
  readonly onHttp2?: (connection: Http1Server) => void;
  /**
   * A client that half-closes after its request is served, as `nc` wants it (`serve`), for `halfCloseMs` at most until
   * the response begins; or taken to have left (`reset`, as Envoy).
   */
  readonly halfClose: 'serve' | 'reset';
  /** The peer broke the protocol: for statistics. */
  readonly onProblem?: (problem: Http1Problem) => void;
  /** Once, when the connection is gone. */
  readonly onClose?: () => void;
}
