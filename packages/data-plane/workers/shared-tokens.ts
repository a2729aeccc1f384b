import type { Budget } from '@tulle/decision/limits/budgets';
import type { TokenBucketSettings } from '@tulle/decision/tables/rate-limit';
import type { Timer, TimerWheel } from '../timers/wheel.ts';
import type { ToParent } from './protocol.ts';
import type { TokenMessage } from './token-book.ts';

/** What was drawn and is not used by then goes back. */
const leaseMs = 100;
/** At most this share of a bucket is at one worker unused. */
const lots = 16;

/** A worker's part of the buckets that the workers of a proxy share. */
export class TokenDesk {
  readonly #send: (message: ToParent) => void;
  readonly #wheel: TimerWheel;
  readonly #answerMs: number;
  /** Weak: a value's bucket that its limit has forgotten is forgotten here too. */
  readonly #budgets = new Map<string, WeakRef<LeasedBudget>>();
  readonly #gone = new FinalizationRegistry<string>((name) => {
    if (this.#budgets.get(name)?.deref() === undefined) this.#budgets.delete(name);
  });

  /** @param answerMs a parent that says nothing for so long has none */
  constructor(wheel: TimerWheel, answerMs: number, send: (message: ToParent) => void) {
    this.#wheel = wheel;
    this.#answerMs = answerMs;
    this.#send = send;
  }

  open(name: string, settings: TokenBucketSettings): Budget {
    const { maxTokens, tokensPerFill, fillIntervalMs } = settings;
    // Another size is another bucket.
    const shared = `${name}\0${maxTokens} ${tokensPerFill} ${fillIntervalMs}`;
    const known = this.#budgets.get(shared)?.deref();
    if (known !== undefined) return known;
    const budget = new LeasedBudget(shared, settings, this.#wheel, this.#answerMs, this.#send);
    this.#budgets.set(shared, new WeakRef(budget));
    this.#gone.register(budget, shared);
    return budget;
  }

  receive({ bucket, count, left, waitMs }: TokenMessage): void {
    const budget = this.#budgets.get(bucket)?.deref();
    if (budget !== undefined) budget.drawn(count, left, waitMs);
    else if (count > 0) this.#send({ kind: 'refund', bucket, count });
  }
}

/**
 * Tokens of one bucket that are at this worker.
 *
 * ```
 *   parent's bucket ── draw (a lot) ──▶ tokens here ── take ──▶ requests
 *                   ◀── refund, what 100 ms left unused ──┘
 * ```
 * Nothing is ever taken that was not drawn, so the workers together never take more than the bucket has. A lot grows
 * with use up to 1/16 of the bucket: that much another worker may miss for 100 ms.
 */
class LeasedBudget implements Budget {
  readonly maxTokens: number;
  readonly rate: number;
  readonly #name: string;
  readonly #settings: TokenBucketSettings;
  readonly #wheel: TimerWheel;
  readonly #answerMs: number;
  readonly #send: (message: ToParent) => void;
  readonly #patience: Timer;
  readonly #lease: Timer;
  readonly #waiting: ((taken: boolean) => void)[] = [];
  #asking = false;
  #tokens = 0;
  #used = 0;
  #lot = 1;
  /** What the parent last said that it has. */
  #elsewhere: number;
  /** Until then asking again is no use. */
  #emptyUntil = 0;

  constructor(
    name: string,
    settings: TokenBucketSettings,
    wheel: TimerWheel,
    answerMs: number,
    send: (message: ToParent) => void,
  ) {
    this.#name = name;
    this.#settings = settings;
    this.#wheel = wheel;
    this.#answerMs = answerMs;
    this.#send = send;
    this.maxTokens = settings.maxTokens;
    this.rate = settings.tokensPerFill / settings.fillIntervalMs;
    this.#elsewhere = settings.maxTokens;
    this.#patience = wheel.timer(() => this.#refuseAll());
    this.#lease = wheel.timer(() => this.#returnUnused());
  }

  take(): boolean {
    if (this.#tokens === 0) return false;
    this.#tokens--;
    this.#used++;
    return true;
  }

  left(): number {
    return this.#tokens + this.#elsewhere;
  }

  wait(now: number): number {
    return this.left() > 0 ? 0 : Math.max(0, this.#emptyUntil - now);
  }

  ask(now: number, onAnswer: (taken: boolean) => void): (() => void) | undefined {
    if (now < this.#emptyUntil) return undefined;
    this.#waiting.push(onAnswer);
    if (!this.#asking) this.#draw();
    return () => {
      const at = this.#waiting.indexOf(onAnswer);
      if (at >= 0) this.#waiting.splice(at, 1);
    };
  }

  drawn(count: number, left: number, waitMs: number): void {
    this.#asking = false;
    this.#patience.stop();
    this.#tokens += count;
    this.#elsewhere = left;
    this.#emptyUntil = count > 0 ? 0 : this.#wheel.now() + waitMs;
    if (!this.#lease.armed && count > 0) this.#lease.start(leaseMs);
    while (this.#waiting.length > 0 && this.take()) this.#waiting.shift()?.(true);
    if (count === 0) this.#refuseAll();
    else if (this.#waiting.length > 0 && !this.#asking) this.#draw();
  }

  #draw(): void {
    // A lot that was used up before its time was too small.
    if (this.#lease.armed)
      this.#lot = Math.min(this.#lot * 2, Math.max(1, Math.floor(this.maxTokens / lots)));
    this.#asking = true;
    this.#patience.start(this.#answerMs);
    this.#send({
      kind: 'draw',
      bucket: this.#name,
      settings: this.#settings,
      count: Math.max(this.#lot, this.#waiting.length),
    });
  }

  #returnUnused(): void {
    if (this.#tokens > 0) {
      this.#send({ kind: 'refund', bucket: this.#name, count: this.#tokens });
      this.#elsewhere += this.#tokens;
      this.#tokens = 0;
      this.#lot = Math.max(1, Math.min(this.#lot, this.#used));
    }
    this.#used = 0;
  }

  #refuseAll(): void {
    this.#asking = false;
    this.#patience.stop();
    for (const onAnswer of this.#waiting.splice(0)) onAnswer(false);
  }
}
