import { Uptake } from '../../net/uptake.ts';
import type { Timer, TimerWheel } from '../../timers/wheel.ts';
import type { Http1Limits } from '../limits.ts';

/** What is being waited for, where a client that still takes our bytes is given more time. */
const Renewal = { None: 0, Flush: 1, Close: 2 } as const;
type Renewal = (typeof Renewal)[keyof typeof Renewal];

/** How long a downstream connection waits for its client: for one thing at a time, the last that was begun. */
export class Patience {
  readonly #limits: Http1Limits;
  readonly #timer: Timer;
  readonly #uptake: Uptake;
  #renewal: Renewal = Renewal.None;

  /** @param onTimeout the client has used its time up and takes nothing either */
  constructor(
    timers: TimerWheel,
    limits: Http1Limits,
    outbox: { readonly pending: number },
    onTimeout: () => void,
  ) {
    this.#limits = limits;
    this.#uptake = new Uptake(outbox);
    this.#timer = timers.timer(() => {
      if (this.#renewal === Renewal.None || !this.#uptake.moves) onTimeout();
      else if (this.#renewal === Renewal.Flush) this.forFlush();
      else this.forClose();
    });
  }

  /** For a head, or for the rest of a body that nobody wants. Without this limit, what was waited for before goes on. */
  forHead(): void {
    if (this.#limits.headTimeoutMs > 0) this.#start(this.#limits.headTimeoutMs, Renewal.None);
  }

  /** For the first byte of the next request. */
  forRequest(): void {
    this.#start(this.#limits.idleTimeoutMs, Renewal.None);
  }

  /** For somebody else: a client that has half-closed, and may not be there, waits for its answer. */
  forAnswer(): void {
    this.#start(Math.max(1, this.#limits.halfCloseMs), Renewal.None);
  }

  /** For a client to take some of its answers. */
  forFlush(): void {
    this.#uptake.mark();
    this.#start(this.#limits.flushTimeoutMs, Renewal.Flush);
  }

  /** For a client to close: all is said. */
  forClose(): void {
    this.#start(this.#uptake.linger(this.#limits.lingerMs), Renewal.Close);
  }

  stop(): void {
    this.#timer.stop();
  }

  /** @param ms 0: as long as it takes */
  #start(ms: number, renewal: Renewal): void {
    this.#renewal = renewal;
    if (ms > 0) this.#timer.start(ms);
    else this.#timer.stop();
  }
}
