import type { Timer, TimerWheel } from '../timers/wheel.ts';
import type { Http2Limits } from './limits.ts';

export interface PatienceHost {
  /** Streams are open, or something was done since this was last asked. */
  wasActive(): boolean;
  /** Half of the stall time has passed. */
  onStallCheck(): void;
  onIdle(): void;
  /** What is written and not yet taken by the peer, in octets. */
  unsent(): number;
  /** The peer neither closes nor reads. */
  onLingered(): void;
}

/** A peer that still reads what it was sent gets this many times as long to close. */
const readingFactor = 10;

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
  #lingering = false;
  #quietMs = 0;
  #unsent = 0;

  /** @param idleMs 0: somebody else sees to idle connections */
  constructor(host: PatienceHost, timers: TimerWheel, limits: Http2Limits, idleMs: number) {
    this.#host = host;
    this.#timer = timers.timer(() => (this.#lingering ? this.#checkLinger() : this.#check()));
    this.#idleMs = idleMs;
    this.#stallMs = limits.stallTimeoutMs;
    this.#lingerMs = Math.max(1, limits.lingerMs);
  }

  watch(): void {
    if (this.#tickMs > 0) this.#timer.start(this.#tickMs);
  }

  /** We have said all; from here the peer is to close. */
  linger(): void {
    this.#lingering = true;
    this.#unsent = this.#host.unsent();
    this.#timer.start(this.#lingerMs * (this.#unsent > 0 ? readingFactor : 1));
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
    const unsent = this.#host.unsent();
    if (unsent > 0 && unsent < this.#unsent) this.linger();
    else this.#host.onLingered();
  }
}
