import type { TimerWheel } from '../timers/wheel.ts';
import type { Gauge, SharedPermits } from '../upstream/breakers.ts';
import type { PermitMessage } from './permit-book.ts';
import type { ToParent } from './protocol.ts';

/** All budgets that one worker has a part in. */
export class PermitDesk {
  readonly #send: (message: ToParent) => void;
  readonly #wheel: TimerWheel;
  readonly #answerMs: number;
  readonly #purses = new Map<string, PermitPurse>();

  /** @param answerMs a parent that says nothing for so long has none */
  constructor(wheel: TimerWheel, answerMs: number, send: (message: ToParent) => void) {
    this.#wheel = wheel;
    this.#answerMs = answerMs;
    this.#send = send;
  }

  /** `name`: what all workers call the budget. A gauge that comes again under a name takes the earlier one's place. */
  open(name: string, gauge: Gauge): SharedPermits {
    this.#purses.get(name)?.close();
    const purse = new PermitPurse(name, gauge, this.#wheel, this.#answerMs, this.#send, () => {
      if (this.#purses.get(name) === purse) this.#purses.delete(name);
    });
    this.#purses.set(name, purse);
    return purse;
  }

  receive(message: PermitMessage): void {
    const purse = this.#purses.get(message.budget);
    if (message.kind === 'granted') {
      if (purse === undefined) this.#giveBack(message.budget, message.count, false);
      else purse.granted(message.count, message.wanted);
    } else if (purse === undefined) this.#giveBack(message.budget, 0, !message.standing);
    else purse.recalled(message.count, message.standing);
  }

  #giveBack(budget: string, count: number, answer: boolean): void {
    if (count > 0 || answer) this.#send({ kind: 'give', budget, count, answer });
  }
}

/**
 * The permits of one budget that are at this worker.
 *
 * ```
 *   │◀───── in use ─────▶│◀── spare ──▶│          allowance = in use + spare
 * ```
 * Spare ones go to whoever recalls them. What is owed (a standing recall found none spare) goes as it is released.
 */
class PermitPurse implements SharedPermits {
  readonly #name: string;
  readonly #gauge: Gauge;
  readonly #answerMs: number;
  readonly #send: (message: ToParent) => void;
  readonly #waiting: ((taken: boolean) => void)[] = [];
  readonly #onClose: () => void;
  readonly #patience: { start(ms: number): void; stop(): void };
  readonly #hopeful = new Set<() => void>();
  #asking = false;
  #wanting = false;
  #owed = 0;

  constructor(
    name: string,
    gauge: Gauge,
    wheel: TimerWheel,
    answerMs: number,
    send: (message: ToParent) => void,
    onClose: () => void,
  ) {
    this.#name = name;
    this.#gauge = gauge;
    this.#answerMs = answerMs;
    this.#send = send;
    this.#onClose = onClose;
    this.#patience = wheel.timer(() => this.#refuseAll());
    gauge.allowance = gauge.value;
    if (gauge.value > 0) send({ kind: 'hold', budget: name, limit: gauge.limit, count: gauge.value });
  }

  limitChanged(): void {
    // What is lent afresh is lent within the new limit.
    this.#give(this.#spare, false);
  }

  ask(onAnswer: (taken: boolean) => void): () => void {
    this.#waiting.push(onAnswer);
    if (!this.#asking) this.#ask();
    return () => {
      const at = this.#waiting.indexOf(onAnswer);
      if (at >= 0) this.#waiting.splice(at, 1);
    };
  }

  want(again: () => void): void {
    this.#hopeful.add(again);
    this.#gauge.wanted = true;
    // Something idle of our own is nearer than another worker's.
    if (this.#gauge.onWanted?.() === true || this.#wanting) return;
    this.#wanting = true;
    this.#send({ kind: 'want', budget: this.#name, limit: this.#gauge.limit });
  }

  released(): void {
    if (this.#owed > 0) {
      this.#owed--;
      this.#give(1, false);
      this.#gauge.wanted = this.#owed > 0 || this.#hopeful.size > 0;
    } else this.#serve();
  }

  granted(count: number, wanted: boolean): void {
    this.#gauge.allowance += count;
    if (wanted) this.#wanting = false;
    else {
      this.#asking = false;
      this.#patience.stop();
    }
    this.#serve();
    if (count === 0) this.#refuseAll();
    else if (this.#waiting.length > 0 && !this.#asking) this.#ask();
  }

  recalled(count: number, standing: boolean): void {
    const spare = Math.min(count, this.#spare);
    this.#give(spare, !standing);
    if (!standing) return;
    // What is not here has gone back already.
    this.#owed = Math.min(this.#owed + count - spare, this.#gauge.allowance);
    this.#gauge.wanted ||= this.#owed > 0;
    for (let left = count - spare; left > 0 && this.#gauge.onWanted?.() === true; left--);
  }

  close(): void {
    this.#onClose();
    this.#refuseAll();
    this.#give(this.#spare, false);
    this.#owed = Number.POSITIVE_INFINITY;
  }

  get #spare(): number {
    return Math.max(0, this.#gauge.allowance - this.#gauge.value);
  }

  #ask(): void {
    this.#asking = true;
    this.#patience.start(this.#answerMs);
    const { limit } = this.#gauge;
    this.#send({ kind: 'ask', budget: this.#name, limit, count: this.#waiting.length });
  }

  /** Spare permits go to those who wait here. */
  #serve(): void {
    const gauge = this.#gauge;
    while (this.#waiting.length > 0 && gauge.value < gauge.allowance) {
      gauge.value++;
      this.#waiting.shift()?.(true);
    }
    if (this.#hopeful.size === 0 || gauge.full) return;
    const hopeful = [...this.#hopeful];
    this.#hopeful.clear();
    gauge.wanted = this.#owed > 0;
    for (const again of hopeful) again();
  }

  #refuseAll(): void {
    this.#asking = false;
    this.#patience.stop();
    for (const onAnswer of this.#waiting.splice(0)) {
      this.#gauge.refused++;
      onAnswer(false);
    }
  }

  #give(count: number, answer: boolean): void {
    this.#gauge.allowance -= count;
    this.#owed = Math.min(this.#owed, this.#gauge.allowance);
    if (count > 0 || answer) this.#send({ kind: 'give', budget: this.#name, count, answer });
  }
}
