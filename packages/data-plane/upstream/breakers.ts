import type { BreakerLimits } from '@tulle/decision/tables/cluster';
import { RecentRequests } from './recent-requests.ts';

/**
 * The permits of one limit that several processes share, as one of them holds them: see `workers`. What the
 * others have no use for comes here when it is asked for.
 */
export interface SharedPermits {
  /** The limit of the proxy as a whole has changed. */
  limitChanged(): void;
  /** None was left here: calls once, when one has been taken for the caller or nobody has one. Returns what takes it back. */
  ask(onAnswer: (taken: boolean) => void): () => void;
  /** None was left here: calls when it is worth trying again, however long that takes; once, however often asked. */
  want(again: () => void): void;
  /** One in use has been given back. */
  released(): void;
  /** The gauge's cluster is gone: what is spare goes to the others, what is in use when it is released. */
  close(): void;
}

/** Opens what a gauge shares under a name that all workers use for it. */
export type SharePermits = (name: string, gauge: Gauge) => SharedPermits;

/** From here on a limit limits nothing; Istio says so with 2³² − 1. Not worth sharing. */
const unlimited = 2 ** 31;

/** Some of it may be reached. */
export const isLimited = ({ connections, pending, requests, retries }: BreakerLimits): boolean =>
  Math.min(connections, pending, requests, retries) < unlimited;

/**
 * One resource that a circuit breaker counts. The limit is the whole proxy's. A process that is the whole
 * proxy may use all of it; a worker among others its `allowance`, and where `take` says no it may `ask`.
 */
export class Gauge {
  value = 0;
  /** Times that the limit said no. */
  refused = 0;
  /** Permits that are in this process. */
  allowance = 0;
  /** Somebody waits for what is used here: an idle use should end. Never without `SharedPermits`. */
  wanted = false;
  /** Called when `wanted` becomes true: ends an idle use if there is one; true if so. */
  onWanted: (() => boolean) | undefined = undefined;
  #limit = 0;
  #shared: SharedPermits | undefined = undefined;
  readonly #share: (() => SharedPermits) | undefined;

  constructor(limit: number, share?: (gauge: Gauge) => SharedPermits) {
    this.#share = share === undefined ? undefined : () => share(this);
    this.limit = limit;
  }

  get limit(): number {
    return this.#limit;
  }

  set limit(limit: number) {
    if (limit === this.#limit) return;
    this.#limit = limit;
    if (this.#share !== undefined && limit < unlimited) this.#shared ??= this.#share();
    if (this.#shared === undefined) this.allowance = limit;
    else this.#shared.limitChanged();
  }

  /** Nothing is left in this process. */
  get full(): boolean {
    return this.value >= this.allowance;
  }

  /** False: nothing was taken, for none is left here. */
  take(): boolean {
    if (this.value >= this.allowance) {
      if (this.#shared === undefined) this.refused++;
      return false;
    }
    this.value++;
    return true;
  }

  /** As `take`, but `least` may be in use here at any rate. */
  takeWithin(least: number): boolean {
    if (this.value >= least) return this.take();
    this.value++;
    return true;
  }

  /**
   * For what must not starve: takes above the limit too, counted as refused. A limit that is shared holds; false
   * there, and `want` finds a way.
   */
  takeAnyway(): boolean {
    if (this.#shared !== undefined) return this.take();
    if (this.full) this.refused++;
    this.value++;
    return true;
  }

  release(): void {
    this.value--;
    this.#shared?.released();
  }

  /**
   * After a `take` in vain: another worker may have one to spare. Undefined: there is none to ask, the no
   * stands. Else `onAnswer` is called once, with true when one was taken, unless the function returned is called before.
   */
  ask(onAnswer: (taken: boolean) => void): (() => void) | undefined {
    return this.#shared?.ask(onAnswer);
  }

  /** Brings permits here, if another worker can spare some, for those who can't wait for an answer. */
  fetch(): void {
    this.#shared?.ask((taken) => {
      if (taken) this.release();
    });
  }

  /** After a `take` in vain, for what can wait: `again` is called when another worker has given one up. */
  want(again: () => void): void {
    this.#shared?.want(again);
  }

  close(): void {
    this.#shared?.close();
  }
}

/** A cluster's circuit breaker of one priority. Counts live on when limits change. */
export class Breakers {
  readonly connections: Gauge;
  readonly pending: Gauge;
  readonly requests: Gauge;
  readonly retries: Gauge;
  /** All tries, where a retry budget goes by them. */
  recent: RecentRequests | undefined = undefined;
  #retryBudgetPercent: number | undefined;

  /** @param share in a worker among others: how a gauge, by its name here, is shared with them */
  constructor(limits: BreakerLimits, share?: SharePermits) {
    const gauge = (name: 'connections' | 'pending' | 'requests' | 'retries'): Gauge =>
      new Gauge(limits[name], share === undefined ? undefined : (self) => share(name, self));
    this.connections = gauge('connections');
    this.pending = gauge('pending');
    this.requests = gauge('requests');
    this.retries = gauge('retries');
    this.#setBudget(limits);
  }

  /** Takes one of `retries`: within their limit, or within the budget that the requests under way, or recent ones, give. */
  takeRetry(now: number): boolean {
    const percent = this.#retryBudgetPercent;
    if (percent === undefined) return this.retries.take();
    const requests = this.recent?.count(now) ?? this.requests.value;
    return this.retries.takeWithin(Math.floor((requests * percent) / 100));
  }

  setLimits(limits: BreakerLimits): void {
    this.connections.limit = limits.connections;
    this.pending.limit = limits.pending;
    this.requests.limit = limits.requests;
    this.retries.limit = limits.retries;
    this.#setBudget(limits);
  }

  #setBudget({ retryBudgetPercent, retryBudgetIntervalMs: interval }: BreakerLimits): void {
    this.#retryBudgetPercent = retryBudgetPercent;
    if (interval !== this.recent?.intervalMs)
      this.recent = interval === undefined ? undefined : new RecentRequests(interval);
  }

  /** Nothing new will be taken. */
  close(): void {
    this.connections.close();
    this.pending.close();
    this.requests.close();
    this.retries.close();
  }
}
