import { ByteBudget } from '@tulle/decision/limits/byte-budget';
import type { Timer, TimerWheel } from '../timers/wheel.ts';

/** Lets bytes through at a rate, in turn: whoever waits longest goes first. */
export class Pacer {
  readonly #budget: ByteBudget;
  readonly #wheel: TimerWheel;
  readonly #timer: Timer;
  readonly #share: () => number;
  readonly #waiting: (() => void)[] = [];

  /** @param share of the rate that is this process's: its workers have the same each */
  constructor(bytesPerSecond: number, wheel: TimerWheel, share: () => number) {
    this.#budget = new ByteBudget(bytesPerSecond, wheel.now());
    this.#wheel = wheel;
    this.#share = share;
    this.#timer = wheel.timer(() => this.#serve());
  }

  /** Something may pass now, and nobody waits. */
  get open(): boolean {
    return this.#waiting.length === 0 && this.#left === 0;
  }

  spend(bytes: number): void {
    this.#budget.spend(bytes);
  }

  /** Calls `go` when it is its turn; it spends then. Returns what takes it back. */
  wait(go: () => void): () => void {
    this.#waiting.push(go);
    if (!this.#timer.armed) this.#timer.start(this.#left);
    return () => {
      const at = this.#waiting.indexOf(go);
      if (at >= 0) this.#waiting.splice(at, 1);
      if (this.#waiting.length === 0) this.#timer.stop();
    };
  }

  get #left(): number {
    return this.#budget.wait(this.#wheel.now(), this.#share());
  }

  #serve(): void {
    while (this.#waiting.length > 0 && this.#left === 0) this.#waiting.shift()?.();
    if (this.#waiting.length > 0) this.#timer.start(this.#left);
  }
}

/** Clients whose pacers are kept. */
const mostSources = 10_000;

/** The pacers of a proxy: the same for the same limit on every listener and over configurations. */
export class Pacers {
  readonly #wheel: TimerWheel;
  readonly #share: () => number;
  readonly #known = new Map<string, WeakRef<Pacer>>();
  readonly #sources = new Map<string, Pacer>();

  constructor(wheel: TimerWheel, share: () => number) {
    this.#wheel = wheel;
    this.#share = share;
  }

  /** Of the whole proxy. */
  shared(name: string, bytesPerSecond: number): Pacer {
    const key = `${name}\0${bytesPerSecond}`;
    const known = this.#known.get(key)?.deref();
    if (known !== undefined) return known;
    for (const [gone, pacer] of this.#known) if (pacer.deref() === undefined) this.#known.delete(gone);
    const made = new Pacer(bytesPerSecond, this.#wheel, this.#share);
    this.#known.set(key, new WeakRef(made));
    return made;
  }

  /** Of one client; the least recently seen is forgotten. */
  ofSource(name: string, bytesPerSecond: number, source: string): Pacer {
    const key = `${name}\0${bytesPerSecond}\0${source}`;
    const pacer = this.#sources.get(key) ?? new Pacer(bytesPerSecond, this.#wheel, this.#share);
    this.#sources.delete(key);
    this.#sources.set(key, pacer);
    const [oldest] = this.#sources.size > mostSources ? this.#sources.keys() : [];
    if (oldest !== undefined) this.#sources.delete(oldest);
    return pacer;
  }

  /** Of one connection, which is all this process's. */
  own(bytesPerSecond: number): Pacer {
    return new Pacer(bytesPerSecond, this.#wheel, () => 1);
  }
}
