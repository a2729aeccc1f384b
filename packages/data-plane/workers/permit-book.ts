import type { ToWorker, WorkerId } from './protocol.ts';

/** What the book says to a worker. */
export type PermitMessage = Extract<ToWorker, { kind: 'granted' | 'recall' }>;

interface Ask {
  readonly worker: WorkerId;
  readonly count: number;
  /** Workers that have not yet said what they can spare. */
  readonly unanswered: Set<WorkerId>;
}

interface Budget {
  limit: number;
  /** Permits that are at workers, in use or spare. */
  readonly held: Map<WorkerId, number>;
  readonly asks: Ask[];
  /** Who waits, however long. */
  readonly wants: WorkerId[];
}

/** Permits are lent in lots of this share of the limit, so that most requests need no message. */
const lots = 16;

/**
 * Who holds how many permits of each limit that workers share. The sum of what is held never exceeds the limit
 * (but for what was in use when the limit fell).
 *
 * ```
 *   ask ─▶ free ones ─▶ granted
 *      └─▶ none: recall from those who hold some ─▶ first spare one ─▶ granted
 *                                               └▶ all have said no ─▶ granted 0
 *   want ─▶ free ─▶ granted  └─▶ none: standing recall, of who holds some or comes to; the next that goes back ─▶ granted
 * ```
 */
export class PermitBook {
  readonly #budgets = new Map<string, Budget>();
  readonly #send: (worker: WorkerId, message: PermitMessage) => void;

  constructor(send: (worker: WorkerId, message: PermitMessage) => void) {
    this.#send = send;
  }

  ask(worker: WorkerId, name: string, limit: number, count: number): void {
    const budget = this.#budget(name, limit);
    if (this.#grant(worker, name, budget, count)) return;
    const others = [...budget.held].filter(([other, held]) => other !== worker && held > 0);
    if (others.length === 0) {
      this.#send(worker, { kind: 'granted', budget: name, count: 0, wanted: false });
      return;
    }
    budget.asks.push({ worker, count, unanswered: new Set(others.map(([other]) => other)) });
    for (const [other] of others) this.#send(other, { kind: 'recall', budget: name, count, standing: false });
  }

  want(worker: WorkerId, name: string, limit: number): void {
    const budget = this.#budget(name, limit);
    if (free(budget) > 0) {
      this.#lend(worker, name, budget, 1, true);
      return;
    }
    budget.wants.push(worker);
    for (const [other, held] of budget.held)
      if (other !== worker && held > 0)
        this.#send(other, { kind: 'recall', budget: name, count: 1, standing: true });
  }

  give(worker: WorkerId, name: string, count: number, answer: boolean): void {
    const budget = this.#budgets.get(name);
    if (budget === undefined) return;
    const held = (budget.held.get(worker) ?? 0) - count;
    if (held > 0) budget.held.set(worker, held);
    else budget.held.delete(worker);
    // A recall is answered once per ask, in order.
    if (answer) budget.asks.find(({ unanswered }) => unanswered.has(worker))?.unanswered.delete(worker);
    this.#serve(name, budget);
    this.#forgetUnused(name, budget);
  }

  /** In use already, when the limit began to be one. */
  hold(worker: WorkerId, name: string, limit: number, count: number): void {
    const { held } = this.#budget(name, limit);
    held.set(worker, (held.get(worker) ?? 0) + count);
  }

  /** A worker is gone, and what it used with it. */
  ended(worker: WorkerId): void {
    for (const [name, budget] of this.#budgets) {
      budget.held.delete(worker);
      remove(budget.asks, (ask) => ask.worker === worker);
      remove(budget.wants, (other) => other === worker);
      for (const { unanswered } of budget.asks) unanswered.delete(worker);
      this.#serve(name, budget);
      this.#forgetUnused(name, budget);
    }
  }

  /** Clusters come and go. */
  #forgetUnused(name: string, { held, asks, wants }: Budget): void {
    if (held.size + asks.length + wants.length === 0) this.#budgets.delete(name);
  }

  #budget(name: string, limit: number): Budget {
    const known = this.#budgets.get(name);
    if (known === undefined) {
      const budget = { limit, held: new Map(), asks: [], wants: [] };
      this.#budgets.set(name, budget);
      return budget;
    }
    known.limit = limit;
    return known;
  }

  /** Hands out what is free: to those who were promised an answer, then to those who wait. */
  #serve(name: string, budget: Budget): void {
    for (let ask = budget.asks[0]; ask !== undefined; ask = budget.asks[0]) {
      const granted = this.#grant(ask.worker, name, budget, ask.count);
      if (!granted) {
        if (ask.unanswered.size > 0) break;
        this.#send(ask.worker, { kind: 'granted', budget: name, count: 0, wanted: false });
      }
      budget.asks.shift();
    }
    while (budget.asks.length === 0 && budget.wants.length > 0 && free(budget) > 0)
      this.#lend(budget.wants.shift() as WorkerId, name, budget, 1, true);
  }

  #grant(worker: WorkerId, name: string, budget: Budget, count: number): boolean {
    const most = free(budget);
    if (most <= 0) return false;
    this.#lend(worker, name, budget, Math.min(most, Math.max(count, Math.floor(budget.limit / lots))), false);
    return true;
  }

  #lend(worker: WorkerId, name: string, budget: Budget, count: number, wanted: boolean): void {
    budget.held.set(worker, (budget.held.get(worker) ?? 0) + count);
    this.#send(worker, { kind: 'granted', budget: name, count, wanted });
    // Whoever still waits did so before this worker had something that could be recalled.
    const waiting = budget.wants.filter((other) => other !== worker).length;
    if (waiting > 0)
      this.#send(worker, { kind: 'recall', budget: name, count: Math.min(count, waiting), standing: true });
  }
}

function free({ limit, held }: Budget): number {
  let left = limit;
  for (const count of held.values()) left -= count;
  return left;
}

function remove<T>(list: T[], isGone: (item: T) => boolean): void {
  for (let at = list.length - 1; at >= 0; at--) if (isGone(list[at] as T)) list.splice(at, 1);
}
