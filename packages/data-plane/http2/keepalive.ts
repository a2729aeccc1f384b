import type { Timer, TimerWheel } from '../timers/wheel.ts';

/** Milliseconds. */
export interface KeepaliveTimes {
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

export interface KeepaliveHost {
  /** Reads of the socket so far. */
  readonly heard: number;
  /** Asks the peer for a sign of life. */
  ping(): void;
  /** None came in time. */
  onSilence(): void;
}

/** Watches for a peer that is gone without a word: Resting ── interval ─▶ Asked ── heard ─▶ Resting | timeout ─▶ silence. */
export class Keepalive {
  readonly #host: KeepaliveHost;
  readonly #times: KeepaliveTimes;
  readonly #timer: Timer;
  #asked = false;
  #heard = 0;

  constructor(host: KeepaliveHost, timers: TimerWheel, times: KeepaliveTimes) {
    this.#host = host;
    this.#times = times;
    this.#timer = timers.timer(() => this.#due());
    this.#timer.start(times.intervalMs);
  }

  stop(): void {
    this.#timer.stop();
  }

  #due(): void {
    const { intervalMs, timeoutMs } = this.#times;
    const host = this.#host;
    if (this.#asked && host.heard === this.#heard) {
      host.onSilence();
      return;
    }
    this.#asked = !this.#asked;
    if (this.#asked) {
      this.#heard = host.heard;
      host.ping();
    }
    this.#timer.start(this.#asked ? timeoutMs : intervalMs);
  }
}
