import type { Headers } from '@tulle/decision/headers';
import type { RequestHead, ResetReason, ResponseHead, Stream, StreamHandler } from '../http/stream.ts';
import { closedWhileIdle } from '../http1/client/client.ts';
import type { ClusterState, RequestOrigin } from '../upstream/cluster.ts';
import type { EndpointState } from '../upstream/endpoint.ts';
import type { Lease, PoolCallbacks, PoolFailure } from '../upstream/pool/lease.ts';
import { type Failure, poolFailure, resetFailure } from './failure.ts';

/** Who makes an attempt. */
export interface AttemptOwner {
  /** The connection is there: send the request. */
  onConnected(attempt: Attempt, stream: Stream<RequestHead>, lease: Lease): void;
  onResponse(attempt: Attempt, head: ResponseHead, end: boolean): void;
  onInformational(attempt: Attempt, head: ResponseHead): void;
  onResponseData(attempt: Attempt, chunk: Buffer, end: boolean): void;
  onResponseTrailers(attempt: Attempt, trailers: Headers): void;
  onRequestDrain(attempt: Attempt): void;
  /** Before the response's head. `stale`: a kept connection was closed without a byte of an answer. */
  onFailure(attempt: Attempt, failure: Failure, stale: boolean): void;
  /** After the response's head. */
  onBroken(attempt: Attempt, reason: ResetReason): void;
}

const empty = Buffer.alloc(0);

/** Of an unwanted response: read to keep the connection; beyond, the connection is cheaper to lose. */
const discardBytes = 64 * 1024;

/**
 * One try of a request at one endpoint.
 *
 * Connecting ─▶ Sent ─▶ Answering ─▶ Over
 *                 └────────┴─ discard ─▶ Discarding ─▶ Over
 */
export class Attempt implements StreamHandler<ResponseHead>, PoolCallbacks {
  readonly endpoint: EndpointState;
  /** It holds one of the cluster's retries. */
  readonly isRetry: boolean;
  readonly #cluster: ClusterState;
  readonly #owner: AttemptOwner;
  #stream: Stream<RequestHead> | undefined = undefined;
  #cancelConnect: (() => void) | undefined = undefined;
  /** The pool has neither given a connection nor said no. */
  #connecting = true;
  #answering = false;
  #tunnel = false;
  #discarding = false;
  #discarded = 0;
  #over = false;
  /** The endpoint was blamed for being late, once for all. */
  #blamed = false;

  constructor(cluster: ClusterState, endpoint: EndpointState, isRetry: boolean, owner: AttemptOwner) {
    this.#cluster = cluster;
    this.endpoint = endpoint;
    this.isRetry = isRetry;
    this.#owner = owner;
    endpoint.active++;
    endpoint.counters.requestsTotal++;
  }

  /** Undefined until connected. */
  get stream(): Stream<RequestHead> | undefined {
    return this.#over || this.#discarding ? undefined : this.#stream;
  }

  start(priority: 'default' | 'high', request: RequestOrigin): void {
    const cancel = this.#cluster.connect(this.endpoint, priority, request, this);
    if (this.#connecting) this.#cancelConnect = cancel;
  }

  onReady(lease: Lease): void {
    this.#connecting = false;
    this.#cancelConnect = undefined;
    if (this.#over) return;
    this.#cluster.outliers.reached(this.endpoint);
    const stream = lease.connection.request(this);
    this.#stream = stream;
    this.#owner.onConnected(this, stream, lease);
  }

  onFailed(failure: PoolFailure, detail: string): void {
    this.#connecting = false;
    this.#cancelConnect = undefined;
    if (this.#over) return;
    this.#end();
    if (failure !== 'overflow') this.#failed(503);
    this.#owner.onFailure(this, poolFailure(failure, detail), false);
  }

  /** Gives up: the connection is lost if a request is on it. */
  abandon(): void {
    if (this.#over) return;
    this.#end();
    this.#cancelConnect?.();
    this.#stream?.reset('local-reset');
  }

  /** Timed out: as `abandon`, and the endpoint is to blame. */
  timeOut(): void {
    if (this.#over) return;
    this.endpoint.counters.timeouts++;
    this.#failed(504);
    this.abandon();
  }

  /** As `timeOut`, but it goes on: its answer may still be the first. */
  late(): void {
    this.endpoint.counters.timeouts++;
    this.#cluster.outliers.failed(this.endpoint, 504);
    this.#blamed = true;
  }

  /** The response is not wanted; its connection is kept if little is left of it. */
  discard(): void {
    if (this.#over) return;
    this.#discarding = true;
    this.#stream?.resume();
  }

  onHead(head: ResponseHead, end: boolean): void {
    if (this.#over) return;
    this.#answering = true;
    if (!this.#blamed) this.#cluster.outliers.answered(this.endpoint, head.status);
    if (head.status >= 500) this.endpoint.counters.requestsFailed++;
    else this.endpoint.counters.requestsSucceeded++;
    this.#tunnel = head.status === 101;
    if (end) this.#end();
    this.#cluster.takeLoadReport(this.endpoint, head.headers);
    this.#owner.onResponse(this, head, end);
  }

  onInformational(head: ResponseHead): void {
    if (!this.#over) this.#owner.onInformational(this, head);
  }

  onData(chunk: Buffer, end: boolean): void {
    if (this.#over) return;
    if (this.#discarding) {
      this.#discarded += chunk.length;
      if (end) this.#end();
      else if (this.#discarded > discardBytes) this.abandon();
      return;
    }
    if (end) {
      this.#end();
      // The peer is through: so are we, else the connection would stay half open.
      if (this.#tunnel) this.#stream?.sendData(empty, true);
    }
    this.#owner.onResponseData(this, chunk, end);
  }

  onTrailers(trailers: Headers): void {
    if (this.#over) return;
    this.#end();
    this.#cluster.takeLoadReport(this.endpoint, trailers);
    if (!this.#discarding) this.#owner.onResponseTrailers(this, trailers);
  }

  onDrain(): void {
    if (!this.#over && !this.#discarding) this.#owner.onRequestDrain(this);
  }

  onReset(reason: ResetReason, detail?: string): void {
    if (this.#over) return;
    this.#end();
    if (this.#discarding) return;
    const stale = detail === closedWhileIdle;
    if (!stale) this.#failed(reason === 'protocol-error' ? 502 : 503);
    if (this.#answering) this.#owner.onBroken(this, reason);
    else this.#owner.onFailure(this, resetFailure(reason), stale);
  }

  #failed(status: number): void {
    this.endpoint.counters.requestsFailed++;
    if (!this.#blamed) this.#cluster.outliers.failed(this.endpoint, status);
  }

  #end(): void {
    this.#over = true;
    this.endpoint.active--;
  }
}
