import type { Socket } from 'node:net';
import { formatAuthority } from '@tulle/decision/authority';
import type { Http2Options } from '@tulle/decision/tables/http-manager';
import { revoked } from '../../net/tls/trusted-connections.ts';
import type { Timer } from '../../timers/wheel.ts';
import { serverSpiffeId } from '../server-identity.ts';
import type { ClientConnection } from './client-connection.ts';
import type { Lease, PoolCallbacks } from './lease.ts';
import type { PoolOptions } from './pool-options.ts';

export interface MemberEvents {
  /** It takes a request (more). */
  onAvailable(member: Member): void;
  /** It takes no more. */
  onDraining(member: Member): void;
  onClose(member: Member): void;
}

/** How long a connection that can serve one client alone waits for that client's next request. */
const privateIdleMs = 5_000;

/** A connection of a pool: Settling (the peer allows nothing yet) ─▶ Idle ⇄ Leased ─▶ Draining ─▶ Closed. */
export class Member implements Lease {
  readonly connection: ClientConnection;
  readonly localAddress: string;
  readonly secured: boolean;
  readonly peerUri: string;
  /** The peer has not said yet that it takes requests. */
  settling: boolean;
  /** The pool knows that it takes requests. */
  offered = false;
  readonly #options: PoolOptions;
  readonly #idle: Timer;
  readonly #age: Timer | undefined;
  #requests = 0;
  #closed = false;

  /** @param http2 undefined: HTTP/1.1 */
  constructor(options: PoolOptions, socket: Socket, http2: Http2Options | undefined, events: MemberEvents) {
    this.#options = options;
    this.localAddress =
      socket.localAddress === undefined ? '' : formatAuthority(socket.localAddress, socket.localPort ?? 0);
    this.secured = options.tls !== undefined;
    this.peerUri = this.secured ? serverSpiffeId(socket) : '';
    this.connection = options.openCodec(socket, http2, {
      onAvailable: () => events.onAvailable(this),
      onDraining: () => events.onDraining(this),
      onClose: () => {
        if (this.#closed) return;
        this.#closed = true;
        this.#idle.stop();
        this.#age?.stop();
        events.onClose(this);
      },
    });
    if (this.secured) socket.once(revoked, () => this.connection.close());
    this.settling = this.connection.available === 0;
    const { wheel, settings } = options;
    this.#idle = wheel.timer(() => this.connection.close());
    if (settings.maxConnectionDurationMs > 0) {
      this.#age = wheel.timer(() => this.connection.close());
      this.#age.start(settings.maxConnectionDurationMs);
    }
  }

  /** Gives it to a request; the last one that it may serve retires it. */
  lease(callbacks: PoolCallbacks): void {
    this.#idle.stop();
    this.#requests++;
    callbacks.onReady(this);
    const { maxRequestsPerConnection: most } = this.#options.settings;
    if (most > 0 && this.#requests >= most) this.connection.close();
  }

  /** Nobody uses it. */
  rest(): void {
    const { preface, settings } = this.#options;
    const { idleTimeoutMs } = settings;
    // The client may have left: kept for longer, those of clients that came once would pile up.
    const ms =
      preface === undefined ? idleTimeoutMs : Math.min(idleTimeoutMs || privateIdleMs, privateIdleMs);
    if (ms > 0) this.#idle.start(ms);
  }
}
