import type { Socket } from 'node:net';
import { formatAuthority } from '@tulle/decision/authority';
import type { RequestHead, ResponseHead, Stream, StreamHandler } from '../http/stream.ts';
import type { Timer, TimerWheel } from '../timers/wheel.ts';
import type { Breakers } from './breakers.ts';
import type { ConnectError, Connector } from './connector.ts';
import type { EndpointState } from './endpoint.ts';
import { serverSpiffeId } from './server-identity.ts';
import type { Transport } from './transport.ts';

/** The client side of a codec, on one connection. */
export interface ClientConnection {
  /** Whether it may take a request now: alive at both ends, and the last exchange left it clean. */
  readonly reusable: boolean;
  request(handler: StreamHandler<ResponseHead>): Stream<RequestHead>;
  /** Ends it; a request under way is reset. */
  close(): void;
}

export interface ClientConnectionEvents {
  /** The exchange is over and the connection can take another. */
  onIdle(): void;
  /** It is of no more use; also after `close`. Once. */
  onClose(): void;
}

export type OpenClientCodec = (socket: Socket, events: ClientConnectionEvents) => ClientConnection;

export type PoolFailure = ConnectError | 'overflow';

export interface PoolCallbacks {
  /** May be called before `request` returns. */
  onReady(lease: Lease): void;
  onFailed(failure: PoolFailure, detail: string): void;
}

/** One connection, for one request. It goes back to its pool by itself when the codec says so. */
export interface Lease {
  readonly connection: ClientConnection;
  /** It has served a request before: the peer may have closed it without our knowing. */
  readonly reused: boolean;
  readonly localAddress: string;
  /** Over TLS. */
  readonly secured: boolean;
  /** SPIFFE ID that the server showed; empty: none. */
  readonly peerUri: string;
}

export interface PoolOptions {
  readonly endpoint: EndpointState;
  readonly transport: Transport;
  readonly breakers: Breakers;
  readonly connectTimeoutMs: number;
  /** 0: none. */
  readonly idleTimeoutMs: number;
  /** 0: no limit. */
  readonly maxRequestsPerConnection: number;
  readonly connector: Connector;
  readonly openCodec: OpenClientCodec;
  readonly wheel: TimerWheel;
  /** Nothing left in it. */
  onEmpty(): void;
}

interface Waiting {
  readonly callbacks: PoolCallbacks;
  cancelled: boolean;
}

/**
 * The HTTP/1.1 connections to one endpoint by one transport.
 *
 * ```
 *   request ─▶ idle connection (last used first) ──────────────▶ lease
 *          └─▶ waiting (bounded) ── a connection per waiter, as far as allowed ─▶ lease
 * ```
 * Circuit breakers bound connections, waiters and requests of the whole cluster; a pool without any
 * connection may always open one, as Envoy's, so that a full cluster starves none of its endpoints.
 */
export class HttpPool {
  readonly #options: PoolOptions;
  readonly #idle: Member[] = [];
  readonly #members = new Set<Member>();
  readonly #waiting: Waiting[] = [];
  readonly #connecting = new Set<() => void>();
  #draining = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#members.size + this.#connecting.size;
  }

  get idle(): number {
    return this.#idle.length;
  }

  /** Asks for a connection. Returns what takes the request back while it waits. */
  request(callbacks: PoolCallbacks): () => void {
    const member = this.#takeIdle();
    if (member !== undefined) {
      member.lease(callbacks);
      return nothing;
    }
    const { breakers } = this.#options;
    if (!breakers.pending.take()) {
      callbacks.onFailed('overflow', 'pending requests');
      this.#reportEmpty();
      return nothing;
    }
    const waiting: Waiting = { callbacks, cancelled: false };
    this.#waiting.push(waiting);
    this.#connectForWaiting();
    return () => {
      if (waiting.cancelled) return;
      const at = this.#waiting.indexOf(waiting);
      if (at < 0) return;
      waiting.cancelled = true;
      this.#waiting.splice(at, 1);
      breakers.pending.release();
      this.#reportEmpty();
    };
  }

  /** Takes no more new requests than those that wait; closes what is idle. Requests under way live on. */
  drain(): void {
    this.#draining = true;
    for (const member of [...this.#idle]) member.connection.close();
    this.#reportEmpty();
  }

  /** Ends everything now. */
  destroy(): void {
    this.#draining = true;
    for (const cancel of [...this.#connecting]) cancel();
    for (const waiting of this.#waiting.splice(0)) {
      this.#options.breakers.pending.release();
      waiting.callbacks.onFailed('refused', 'shutting down');
    }
    for (const member of [...this.#members]) member.connection.close();
  }

  #takeIdle(): Member | undefined {
    for (let member = this.#idle.pop(); member !== undefined; member = this.#idle.pop()) {
      if (member.connection.reusable) return member;
      member.connection.close();
    }
    return undefined;
  }

  #connectForWaiting(): void {
    const { breakers } = this.#options;
    while (this.#connecting.size < this.#waiting.length) {
      if (this.size === 0) {
        if (breakers.connections.full) breakers.connections.refused++;
        breakers.connections.value++;
      } else if (!breakers.connections.take()) return;
      this.#connect();
    }
  }

  #connect(): void {
    const { connector, transport, endpoint, connectTimeoutMs, breakers } = this.#options;
    let cancelConnect: () => void = nothing;
    const done = (): boolean => this.#connecting.delete(cancel);
    const cancel = (): void => {
      if (!done()) return;
      cancelConnect();
      breakers.connections.release();
    };
    this.#connecting.add(cancel);
    cancelConnect = connector(endpoint.target, transport.tls, connectTimeoutMs, {
      onConnected: (socket) => {
        if (!done()) return;
        endpoint.counters.connectionsTotal++;
        endpoint.counters.connections++;
        const member = new Member(this.#options, socket, this.#memberEvents);
        this.#members.add(member);
        this.#offer(member);
      },
      onFailed: (error, detail) => {
        if (!done()) return;
        breakers.connections.release();
        endpoint.counters.connectFailures++;
        const waiting = this.#nextWaiting();
        // Those still waiting get a connection of their own, or fail with theirs.
        this.#connectForWaiting();
        waiting?.callbacks.onFailed(error, detail);
        this.#reportEmpty();
      },
    });
  }

  readonly #memberEvents = {
    onIdle: (member: Member): void => this.#offer(member),
    onClose: (member: Member): void => {
      this.#members.delete(member);
      const at = this.#idle.indexOf(member);
      if (at >= 0) this.#idle.splice(at, 1);
      this.#options.endpoint.counters.connections--;
      this.#options.breakers.connections.release();
      this.#connectForWaiting();
      this.#reportEmpty();
    },
  };

  #offer(member: Member): void {
    if (!member.connection.reusable) {
      member.connection.close();
      return;
    }
    const waiting = this.#nextWaiting();
    if (waiting !== undefined) {
      member.lease(waiting.callbacks);
      // A connection that was being made for this waiter now is one too many; it will be idle.
      return;
    }
    if (this.#draining) member.connection.close();
    else {
      this.#idle.push(member);
      member.rest();
    }
  }

  #nextWaiting(): Waiting | undefined {
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) {
      waiting.cancelled = true;
      this.#options.breakers.pending.release();
    }
    return waiting;
  }

  #reportEmpty(): void {
    if (this.size === 0 && this.#waiting.length === 0) this.#options.onEmpty();
  }
}

/** A connection of the pool: Idle ⇄ Leased → Closed. */
class Member {
  readonly connection: ClientConnection;
  readonly #options: PoolOptions;
  readonly #localAddress: string;
  readonly #peerUri: string;
  readonly #timer: Timer;
  #requests = 0;
  #lease: Lease | undefined = undefined;

  constructor(
    options: PoolOptions,
    socket: Socket,
    events: { onIdle(member: Member): void; onClose(member: Member): void },
  ) {
    this.#options = options;
    this.#localAddress =
      socket.localAddress === undefined ? '' : formatAuthority(socket.localAddress, socket.localPort ?? 0);
    this.#peerUri = options.transport.tls === undefined ? '' : serverSpiffeId(socket);
    this.#timer = options.wheel.timer(() => this.connection.close());
    let closed = false;
    this.connection = options.openCodec(socket, {
      onIdle: () => {
        const { maxRequestsPerConnection: most } = options;
        if (closed) return;
        if (most > 0 && this.#requests >= most) this.connection.close();
        else events.onIdle(this);
      },
      onClose: () => {
        if (closed) return;
        closed = true;
        this.#timer.stop();
        events.onClose(this);
      },
    });
  }

  lease(callbacks: PoolCallbacks): void {
    this.#timer.stop();
    const first = this.#requests++ === 0;
    if (first || this.#lease === undefined) {
      this.#lease = {
        connection: this.connection,
        reused: !first,
        localAddress: this.#localAddress,
        secured: this.#options.transport.tls !== undefined,
        peerUri: this.#peerUri,
      };
    }
    callbacks.onReady(this.#lease);
    // From the second request on they are all alike.
    if (first) this.#lease = undefined;
  }

  rest(): void {
    if (this.#options.idleTimeoutMs > 0) this.#timer.start(this.#options.idleTimeoutMs);
  }
}

function nothing(): void {}
