import { Headers } from '@tulle/decision/headers';
import type { Tunnel } from '@tulle/decision/tables/tcp-proxy';
import type { RequestHead, ResetReason, ResponseHead, Stream, StreamHandler } from '../http/stream.ts';
import { StreamSocket } from '../http/stream-socket.ts';
import type { ClusterState, DialCallbacks, RequestOrigin } from '../upstream/cluster.ts';
import type { EndpointState } from '../upstream/endpoint.ts';
import type { Lease, PoolCallbacks, PoolFailure } from '../upstream/pool/lease.ts';

/** What asks the HTTP proxy, in the protocol of its cluster. */
const requestFor = ({ authority, method }: Tunnel): RequestHead => ({
  method,
  authority,
  path: method === 'CONNECT' ? '' : '/',
  scheme: 'http',
  headers: new Headers(),
  protocol: 'HTTP/1.1',
  ...(method === 'CONNECT' && { upgrade: 'connect' }),
});

/**
 * One try of a connection through an HTTP proxy, by CONNECT, or by POST with a body both ways:
 *
 * Connecting ─▶ Asked ─▶ Open (the stream goes on as a socket) | Failed
 */
class TunnelAttempt implements PoolCallbacks, StreamHandler<ResponseHead> {
  readonly #cluster: ClusterState;
  readonly #endpoint: EndpointState;
  readonly #tunnel: Tunnel;
  readonly #callbacks: DialCallbacks;
  #lease: Lease | undefined = undefined;
  #stream: Stream<RequestHead> | undefined = undefined;
  #socket: StreamSocket | undefined = undefined;
  #over = false;

  constructor(cluster: ClusterState, endpoint: EndpointState, tunnel: Tunnel, callbacks: DialCallbacks) {
    this.#cluster = cluster;
    this.#endpoint = endpoint;
    this.#tunnel = tunnel;
    this.#callbacks = callbacks;
  }

  onReady(lease: Lease): void {
    if (this.#over) return;
    this.#lease = lease;
    this.#stream = lease.connection.request(this);
    this.#stream.sendHead(requestFor(this.#tunnel), false);
  }

  onFailed(failure: PoolFailure, detail: string): void {
    if (failure !== 'overflow') this.#cluster.outliers.failed(this.#endpoint, 503);
    this.#fail(failure, detail);
  }

  onHead({ status }: ResponseHead, end: boolean): void {
    if (this.#over) return;
    this.#cluster.outliers.answered(this.#endpoint, status);
    if (status < 200 || status > 299) {
      this.#stream?.reset('local-reset');
      this.#fail('refused', `${this.#tunnel.method} ${this.#tunnel.authority} was answered ${status}`);
      return;
    }
    const { secured, peerUri } = this.#lease as Lease;
    this.#over = true;
    this.#socket = new StreamSocket(this.#stream as Stream<RequestHead>);
    this.#callbacks.onConnected(this.#socket.asSocket(), secured, peerUri);
    if (end) this.#socket.onTrailers();
  }

  onData(chunk: Buffer, end: boolean): void {
    this.#socket?.onData(chunk, end);
  }

  onTrailers(): void {
    this.#socket?.onTrailers();
  }

  onDrain(): void {
    this.#socket?.onDrain();
  }

  onReset(reason: ResetReason, detail?: string): void {
    if (this.#socket !== undefined) {
      this.#socket.onReset();
      return;
    }
    this.#cluster.outliers.failed(this.#endpoint, 503);
    this.#fail('refused', detail ?? reason);
  }

  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.#stream?.reset('local-reset');
  }

  #fail(failure: PoolFailure, detail: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#callbacks.onFailed(failure, detail);
  }
}

/** As `ClusterState.dial`, where the endpoint is an HTTP proxy that is to connect elsewhere. */
export function dialThrough(
  cluster: ClusterState,
  endpoint: EndpointState,
  tunnel: Tunnel,
  request: RequestOrigin,
  callbacks: DialCallbacks,
): () => void {
  const attempt = new TunnelAttempt(cluster, endpoint, tunnel, callbacks);
  const cancelWaiting = cluster.connect(endpoint, 'default', request, attempt);
  return () => {
    attempt.cancel();
    cancelWaiting();
  };
}
