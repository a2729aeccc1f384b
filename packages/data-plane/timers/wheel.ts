import { type Clock, systemClock } from './clock.ts';

/**
 * A hashed timer wheel: timers that may fire up to one tick late, whose start and stop cost a few pointer
 * writes whatever their number.
 *
 * ```
 *   slots   [0] [1] [2] … [511]      one slot per tick of 50 ms, one turn is 25.6 s
 *            ⇅       ⇅               each slot a ring of timers; one that is due in a later turn is passed by
 * ```
 */
export class TimerWheel {
  readonly tickMs: number;
  readonly #clock: Clock;
  readonly #slots: Timer[] = [];
  readonly #origin: number;
  /** The tick that was last expired. */
  #current = 0;
  #armed = 0;
  #sleep: (() => void) | undefined;

  constructor(options: { readonly clock?: Clock; readonly tickMs?: number; readonly slots?: number } = {}) {
    this.tickMs = options.tickMs ?? 50;
    this.#clock = options.clock ?? systemClock;
    this.#origin = this.#clock.now();
    const slots = options.slots ?? 512;
    for (let i = 0; i < slots; i++) this.#slots.push(new Timer(this));
  }

  /** Timers that wait now. */
  get armed(): number {
    return this.#armed;
  }

  /** The wheel's clock, in milliseconds. */
  now(): number {
    return this.#clock.now();
  }

  /** A timer that can be started again and again; make one per connection or stream and keep it. */
  timer(callback: () => void): Timer {
    return new CallbackTimer(this, callback);
  }

  /** Called by `Timer.start`. */
  arm(timer: Timer, delayMs: number): void {
    if (this.#armed++ === 0) this.#wake();
    const due = Math.ceil((this.#clock.now() - this.#origin + Math.max(0, delayMs)) / this.tickMs);
    timer.due = due > this.#current ? due : this.#current + 1;
    timer.linkBefore(this.#slots[timer.due % this.#slots.length] as Timer);
  }

  /** Called by `Timer.stop`. */
  disarm(timer: Timer): void {
    timer.unlink();
    if (--this.#armed === 0) this.#rest();
  }

  #wake(): void {
    this.#current = Math.floor((this.#clock.now() - this.#origin) / this.tickMs);
    this.#sleep = this.#clock.every(this.tickMs, () => this.#expire());
  }

  #rest(): void {
    this.#sleep?.();
    this.#sleep = undefined;
  }

  #expire(): void {
    const now = Math.floor((this.#clock.now() - this.#origin) / this.tickMs);
    // After a long stall one turn visits every slot, so more would visit some twice.
    const from = Math.max(this.#current + 1, now - this.#slots.length + 1);
    this.#current = now;
    for (let tick = from; tick <= now; tick++)
      this.#expireSlot(this.#slots[tick % this.#slots.length] as Timer, now);
  }

  #expireSlot(slot: Timer, now: number): void {
    // A callback may start or stop any timer, so due ones move to a ring of their own first.
    const due = new Timer(this);
    for (let timer = slot.next; timer !== slot; ) {
      const following = timer.next;
      if (timer.due <= now) {
        timer.unlink();
        timer.linkBefore(due);
      }
      timer = following;
    }
    while (due.next !== due) {
      const timer = due.next;
      timer.stop();
      timer.expire();
    }
  }
}

/** One reusable timer; also the link of a slot's ring. Who has one per request extends it: no closure, no second object. */
export class Timer {
  next: Timer = this;
  previous: Timer = this;
  /** In ticks of the wheel. */
  due = 0;
  readonly #wheel: TimerWheel;

  constructor(wheel: TimerWheel) {
    this.#wheel = wheel;
  }

  /** Called by the wheel when the time is over. */
  expire(): void {}

  get armed(): boolean {
    return this.next !== this;
  }

  /** Fires once after at least `delayMs`; a running timer starts anew. */
  start(delayMs: number): void {
    this.stop();
    this.#wheel.arm(this, delayMs);
  }

  stop(): void {
    if (this.next !== this) this.#wheel.disarm(this);
  }

  linkBefore(other: Timer): void {
    this.previous = other.previous;
    this.next = other;
    other.previous.next = this;
    other.previous = this;
  }

  unlink(): void {
    this.previous.next = this.next;
    this.next.previous = this.previous;
    this.next = this;
    this.previous = this;
  }
}

class CallbackTimer extends Timer {
  readonly #callback: () => void;

  constructor(wheel: TimerWheel, callback: () => void) {
    super(wheel);
    this.#callback = callback;
  }

  override expire(): void {
    this.#callback();
  }
}
