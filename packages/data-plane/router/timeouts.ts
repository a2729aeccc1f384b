import type { Timer, TimerWheel } from '../timers/wheel.ts';

/** Who is told. */
export interface TimeoutOwner {
  /** The whole exchange took too long. */
  timedOut(): void;
  /** The attempt under way did. */
  tryTimedOut(): void;
}

/** The time limits of one request, both from its end on (Envoy): to the answer's end, and to each attempt's head. */
export class Timeouts {
  /** 0: none. */
  readonly tryMs: number;
  readonly #wheel: TimerWheel;
  readonly #ms: number;
  readonly #owner: TimeoutOwner;
  #startedAt = -1;
  #whole: Timer | undefined = undefined;
  #try: Timer | undefined = undefined;

  /** @param ms of the whole exchange; 0: none */
  constructor(wheel: TimerWheel, ms: number, tryMs: number, owner: TimeoutOwner) {
    this.#wheel = wheel;
    this.#ms = ms;
    this.tryMs = tryMs;
    this.#owner = owner;
  }

  /** The request is there as a whole. @param ends its answer has an end that can be waited for */
  start(ends: boolean): void {
    this.#startedAt = this.#wheel.now();
    if (this.#ms === 0 || !ends) return;
    this.#whole ??= this.#wheel.timer(() => this.#owner.timedOut());
    this.#whole.start(this.#ms);
  }

  startTry(): void {
    if (this.tryMs === 0 || this.#startedAt < 0) return;
    this.#try ??= this.#wheel.timer(() => this.#owner.tryTimedOut());
    if (!this.#try.armed) this.#try.start(this.tryMs);
  }

  stopTry(): void {
    this.#try?.stop();
  }

  /** What has begun has no end that could be waited for. */
  stop(): void {
    this.#whole?.stop();
    this.#try?.stop();
  }

  /** Milliseconds for the rest of the exchange; 0: any time. */
  get left(): number {
    if (this.#ms === 0 || this.#startedAt < 0) return this.#ms;
    return Math.max(1, this.#ms - (this.#wheel.now() - this.#startedAt));
  }
}
