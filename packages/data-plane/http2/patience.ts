import { Uptake } from '../net/uptake.ts';
import type { Timer, TimerWheel } from '../timers/wheel.ts';
import type { Http2Limits } from './limits.ts';

export interface PatienceHost {
  /** Streams are open, or something was done since this was last asked. */
  wasActive(): boolean;
  /** Half of the stall time has passed. */
  onStallCheck(): void;
  onIdle(): void;
  /** The peer neither closes nor reads. */
  onLingered(): void;
}

/**
 * How long a connection waits: for work while it is open, for the peer once it is closing. One timer that
 * looks now and then, so that requests need not move one of their own.
 *
 * Watching ── linger ─▶ Lingering ── stop ─▶ (nothing)
 */
export class Patience {
  readonly #host: PatienceHost;
  readonly #timer: Timer;
  readonly #idleMs: number;
  readonly #stallMs: number;
  readonly #lingerMs: number;
  readonly #uptake: Uptake;
  #lingering = false;
  #quietMs = 0;

  /** @param idleMs 0: somebody else sees to idle connections */
  constructor(
    host: PatienceHost,
    timers: TimerWheel,
    limits: Http2Limits,
    outbox: { readonly pending: number },
    idleMs: number,
  ) {
    this.#host = host;
    this.#timer = timers.timer(() => (this.#lingering ? this.#checkLinger() : this.#check()));
    this.#idleMs = idleMs;
    this.#stallMs = limits.stallTimeoutMs;
    this.#lingerMs = limits.lingerMs;
    this.#uptake = new Uptake(outbox);
  }

  watch(): void {
    if (this.#tickMs > 0) this.#timer.start(this.#tickMs);
  }

  /** We have said all; from here the peer is to close. */
  linger(): void {
    this.#lingering = true;
    this.#timer.start(this.#uptake.linger(this.#lingerMs));
  }

  stop(): void {
    this.#timer.stop();
  }

  get #tickMs(): number {
    const stall = this.#stallMs / 2;
    if (this.#idleMs === 0) return stall;
    return stall === 0 ? this.#idleMs : Math.min(this.#idleMs, stall);
  }

  #check(): void {
    this.watch();
    if (this.#stallMs > 0) this.#host.onStallCheck();
    this.#quietMs = this.#host.wasActive() ? 0 : this.#quietMs + this.#tickMs;
    if (this.#idleMs > 0 && this.#quietMs >= this.#idleMs) this.#host.onIdle();
  }

  #checkLinger(): void {
    if (this.#uptake.moves) this.linger();
    else this.#host.onLingered();
  }
}
