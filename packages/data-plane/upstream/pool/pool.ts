import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { defaultHttp2Limits } from '../../http2/limits.ts';
import type { Breakers } from '../breakers.ts';
import type { ConnectCallbacks } from '../connector.ts';
import { keepAlive } from '../keepalive.ts';
import type { PoolCallbacks, PoolFailure } from './lease.ts';
import { Member } from './member.ts';
import type { PoolOptions } from './pool-options.ts';

interface Waiting {
  readonly callbacks: PoolCallbacks;
}

/**
 * The HTTP connections to one endpoint.
 *
 * ```
 *   request ─▶ a connection with room (last used first) ───────────────────▶ lease
 *          └─▶ waiting (bounded) ── connections for who waits, as far as allowed ─▶ lease
 * ```
 * Circuit breakers bound connections, waiters and requests of the whole cluster; a pool without any
 * connection may always open one, as Envoy's, so that a full cluster starves none of its endpoints.
 */
export class HttpPool {
  readonly #options: PoolOptions;
  /** With room for a request, as far as is known. */
  readonly #offered: Member[] = [];
  readonly #members = new Set<Member>();
  /** They finish what they do. */
  readonly #leaving = new Set<Member>();
  readonly #waiting: Waiting[] = [];
  readonly #connecting = new Set<() => void>();
  /** How many requests a connection that is being made will take, as far as is known. */
  #streamsPerConnection: number;
  #draining = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    const { protocol, tls, settings } = options;
    this.#streamsPerConnection =
      protocol === 'http1' || (protocol === 'auto' && tls === undefined)
        ? 1
        : (settings.http2.maxConcurrentStreams ?? defaultHttp2Limits.maxConcurrentStreams);
  }

  get breakers(): Breakers {
    return this.#options.breakers;
  }

  /** Connections, those that are being made included. */
  get size(): number {
    return this.#members.size + this.#leaving.size + this.#connecting.size;
  }

  /** Asks for a connection. Returns what takes the request back while it waits. */
  request(callbacks: PoolCallbacks): () => void {
    const member = this.#takeOffered();
    if (member !== undefined) {
      member.lease(callbacks);
      if (this.#options.settings.preconnectRatio > 1) this.#connectMore();
      return nothing;
    }
    const { pending } = this.#options.breakers;
    const waiting: Waiting = { callbacks };
    if (pending.take()) {
      this.#wait(waiting);
      return () => this.#takeBack(waiting);
    }
    const unask = pending.ask((taken) => {
      if (taken) this.#waitOrGo(waiting);
      else this.#overflow(callbacks);
    });
    if (unask === undefined) {
      this.#overflow(callbacks);
      return nothing;
    }
    return () => {
      unask();
      this.#takeBack(waiting);
    };
  }

  #wait(waiting: Waiting): void {
    this.#waiting.push(waiting);
    this.#connectMore();
  }

  /** It may wait now; perhaps it need not any more. */
  #waitOrGo(waiting: Waiting): void {
    const member = this.#takeOffered();
    if (member === undefined) {
      this.#wait(waiting);
      return;
    }
    this.#options.breakers.pending.release();
    member.lease(waiting.callbacks);
  }

  #takeBack(waiting: Waiting): void {
    const at = this.#waiting.indexOf(waiting);
    if (at < 0) return;
    this.#waiting.splice(at, 1);
    this.#options.breakers.pending.release();
    this.#reportEmpty();
  }

  #overflow(callbacks: PoolCallbacks): void {
    callbacks.onFailed('overflow', 'pending requests');
    this.#reportEmpty();
  }

  /** Takes no more new requests than those that wait; closes what is idle. Requests under way live on. */
  drain(): void {
    this.#draining = true;
    for (const member of [...this.#members]) if (!member.settling) member.connection.close();
    this.#reportEmpty();
  }

  /** Closes a connection that nobody uses; false: there is none. */
  closeIdle(): boolean {
    for (const { connection, settling } of this.#members) {
      if (settling || connection.active > 0) continue;
      connection.close();
      return true;
    }
    return false;
  }

  /** Ends everything now, but for requests under way. */
  destroy(): void {
    this.#draining = true;
    for (const cancel of [...this.#connecting]) cancel();
    this.#failWaiting(this.#waiting.length, 'refused', 'shutting down');
    for (const member of [...this.#members]) member.connection.close();
  }

  /** The connection that was used last and has room; it is taken off the list when it has none beyond this. */
  #takeOffered(): Member | undefined {
    for (let member = this.#offered.at(-1); member !== undefined; member = this.#offered.at(-1)) {
      const { available, active } = member.connection;
      if (available > 1) return member;
      this.#offered.pop();
      member.offered = false;
      if (available === 1) return member;
      // Nobody uses it and it takes nothing: the peer has closed it.
      if (active === 0) member.connection.close();
    }
    return undefined;
  }

  // --- making connections -----------------------------------------------------------------------------------

  #connectMore(): void {
    const { connections } = this.#options.breakers;
    while (this.#wantsConnection()) {
      const first = this.#members.size + this.#connecting.size === 0;
      if (!(first ? connections.takeAnyway() : connections.take())) {
        connections.want(this.#again);
        return;
      }
      this.#connect();
    }
  }

  readonly #again = (): void => this.#connectMore();

  /** Envoy's rule: what waits and what is under way, times the ratio, is not covered by what there is. */
  #wantsConnection(): boolean {
    const { preconnectRatio } = this.#options.settings;
    const waiting = this.#waiting.length;
    let coming = this.#connecting.size;
    if (preconnectRatio <= 1 && this.#streamsPerConnection === 1) return waiting > coming;
    let active = 0;
    let spare = 0;
    for (const { settling, connection } of this.#members) {
      if (settling) coming++;
      active += connection.active;
      spare += connection.available;
    }
    const capacity = coming * this.#streamsPerConnection;
    if (preconnectRatio <= 1 || this.#draining) return waiting > capacity;
    return (waiting + active) * preconnectRatio > capacity + active + spare;
  }

  #connect(): void {
    const { connector, tls, preface, endpoint, settings, breakers } = this.#options;
    let cancelConnect: () => void = nothing;
    const done = (): boolean => this.#connecting.delete(cancel);
    const cancel = (): void => {
      if (!done()) return;
      cancelConnect();
      breakers.connections.release();
    };
    this.#connecting.add(cancel);
    const callbacks: ConnectCallbacks = {
      onConnected: (socket) => {
        if (!done()) return;
        keepAlive(socket, settings.tcpKeepalive);
        endpoint.counters.connectionsTotal++;
        endpoint.counters.connections++;
        const http2 = this.#speaksHttp2(socket) ? settings.http2 : undefined;
        if (http2 === undefined) {
          endpoint.counters.http1Total++;
          this.#streamsPerConnection = 1;
        } else endpoint.counters.http2Total++;
        const member = new Member(this.#options, socket, http2, this.#memberEvents);
        this.#members.add(member);
        if (!member.settling) this.#offer(member);
        // One for each, where one for all was hoped for.
        this.#connectMore();
      },
      onFailed: (error, detail) => {
        if (!done()) return;
        breakers.connections.release();
        this.#connectFailed(error, detail);
        this.#reportEmpty();
      },
    };
    cancelConnect = connector(endpoint.target, tls, settings.connectTimeoutMs, callbacks, preface);
  }

  #speaksHttp2(socket: Socket): boolean {
    const { protocol } = this.#options;
    return protocol === 'http2' || (protocol === 'auto' && (socket as TLSSocket).alpnProtocol === 'h2');
  }

  /** Those whom it would have served fail with it. Others get a connection of their own, or fail with theirs. */
  #connectFailed(error: PoolFailure, detail: string): void {
    this.#options.endpoint.counters.connectFailures++;
    this.#failWaiting(this.#streamsPerConnection, error, detail);
  }

  #failWaiting(most: number, error: PoolFailure, detail: string): void {
    const failed: Waiting[] = [];
    for (let waiting = this.#nextWaiting(); waiting !== undefined; waiting = this.#nextWaiting()) {
      failed.push(waiting);
      if (failed.length >= most) break;
    }
    this.#connectMore();
    for (const { callbacks } of failed) callbacks.onFailed(error, detail);
  }

  // --- connections that are there ---------------------------------------------------------------------------

  readonly #memberEvents = {
    onAvailable: (member: Member): void => {
      if (!member.settling) {
        this.#offer(member);
        return;
      }
      member.settling = false;
      this.#streamsPerConnection = member.connection.available;
      this.#offer(member);
      this.#connectMore();
    },
    onDraining: (member: Member): void => {
      this.#leaving.add(member);
      this.#leave(member);
    },
    onClose: (member: Member): void => {
      this.#leaving.delete(member);
      this.#options.endpoint.counters.connections--;
      this.#options.breakers.connections.release();
      this.#leave(member);
      this.#connectMore();
      this.#reportEmpty();
    },
  };

  /** It takes no more requests; one that never did has failed to connect. */
  #leave(member: Member): void {
    if (!this.#members.delete(member)) return;
    if (member.offered) this.#offered.splice(this.#offered.indexOf(member), 1);
    member.offered = false;
    if (member.settling) this.#connectFailed('refused', 'closed before it took requests');
    else this.#connectMore();
  }

  /** Who waits comes first; then it is idle, or goes when the pool does. */
  #offer(member: Member): void {
    const { connection } = member;
    while (connection.available > 0) {
      const waiting = this.#nextWaiting();
      if (waiting === undefined) break;
      member.lease(waiting.callbacks);
    }
    if (this.#draining || (connection.available === 0 && connection.active === 0)) connection.close();
    // Another pool, or another worker, waits for it.
    else if (connection.active === 0 && this.#options.breakers.connections.wanted) connection.close();
    else if (connection.available > 0) {
      if (!member.offered) {
        member.offered = true;
        this.#offered.push(member);
      }
      if (connection.active === 0) member.rest();
    }
  }

  #nextWaiting(): Waiting | undefined {
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) this.#options.breakers.pending.release();
    return waiting;
  }

  #reportEmpty(): void {
    if (this.size === 0 && this.#waiting.length === 0) this.#options.onEmpty();
  }
}

function nothing(): void {}
