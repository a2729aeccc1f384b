import { WorkerParent } from '@tulle/data-plane/workers/parent';
import {
  generationOf,
  slotOf,
  type ToParent,
  type WorkerId,
  workerId,
} from '@tulle/data-plane/workers/protocol';
import { messageOf } from '../../failure.ts';
import type { Child, ChildExit } from '../process/child.ts';
import { RestartDelay } from '../process/restart-delay.ts';

/** Whoever waits longer than this for a restart is refused by the socket instead of waiting in its queue. */
const QUEUE_UP_TO_MS = 1000;
/** A successor that does not serve by then has failed. */
const SUCCEED_WITHIN_MS = 30_000;
/** How long one that has failed to succeed may take to end. */
const FAILED_GRACE_MS = 1000;

export interface WorkerSetOptions {
  /** Workers at a time. */
  readonly count: number;
  /** Before slot 0 of a generation, or a new one in its place, starts. @throws why it can't */
  readonly prepare: () => Promise<void>;
  readonly spawn: (id: WorkerId, options: { readonly succeeds: boolean }) => Child;
  /** Another enrolment token, for a proxy whose SVID has expired. @throws why there is none */
  readonly newToken: () => Promise<string>;
  /** A worker serves. */
  readonly onServing: () => void;
  /** One has ended by itself, or could not be prepared: another takes its place in `restartInMs`. */
  readonly onEnded: (end: {
    readonly exit?: ChildExit;
    readonly reason?: string;
    readonly restartInMs: number;
  }) => void;
}

interface Worker {
  readonly id: WorkerId;
  readonly child: Child;
  readonly startedAt: number;
  serving: boolean;
  /** It serves (true), or has ended before it did. */
  readonly outcome: PromiseWithResolvers<boolean>;
}

/**
 * The workers of one proxy, kept running, and their parent. Slot 0 starts first; the others follow it.
 *
 * ```
 *   a slot:      Starting → Serving → (ended) → Waiting → Starting …
 *   hot restart: generation n serves → n+1 starts beside it → slot by slot n+1 serves, n retires → n is gone
 * ```
 */
export class WorkerSet {
  readonly #options: WorkerSetOptions;
  readonly #parent = new WorkerParent(
    (id) => this.serving(id),
    () => this.#options.newToken(),
  );
  readonly #workers = new Map<WorkerId, Worker>();
  readonly #delays: readonly RestartDelay[];
  readonly #waiting = new Map<number, NodeJS.Timeout>();
  #generation = 0;
  #succession: Promise<void> | undefined;
  #stopped = false;

  constructor(options: WorkerSetOptions) {
    this.#options = options;
    this.#delays = Array.from({ length: options.count }, () => new RestartDelay());
  }

  /** Somebody answers. */
  get ready(): boolean {
    return !this.#stopped && [...this.#workers.values()].some(({ serving }) => serving);
  }

  /** How many there are to be, and how many serve. */
  get counts(): { readonly workers: number; readonly readyWorkers: number } {
    const serving = [...this.#workers.values()].filter((worker) => worker.serving);
    const slots = new Set(serving.map(({ id }) => slotOf(id)));
    return { workers: this.#options.count, readyWorkers: slots.size };
  }

  /** Of the one that leads. */
  get pid(): number | undefined {
    const lead = this.#at(0);
    return lead?.child.running ? lead.child.pid : undefined;
  }

  start(): Promise<void> {
    return this.#start(0);
  }

  /** SIGTERM: each drains for at most `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#waiting.values()) clearTimeout(timer);
    await Promise.all([...this.#workers.values()].map(({ child }) => child.stop(graceMs)));
    this.#parent.close();
  }

  /**
   * Starts every worker anew without refusing or failing anything: a successor takes over the sockets, the one
   * before finishes what is open. Resolves when all of the new ones serve.
   * @throws when the first of them does not come to serve; the ones before go on
   */
  restart(): Promise<void> {
    this.#succession ??= this.#succeed().finally(() => {
      this.#succession = undefined;
      for (let slot = 0; slot < this.#options.count; slot++) this.#fill(slot);
    });
    return this.#succession;
  }

  /** A worker takes connections. */
  serving(id: WorkerId): void {
    const worker = this.#workers.get(id);
    if (worker === undefined || this.#stopped) return;
    worker.serving = true;
    worker.outcome.resolve(true);
    // What an earlier worker listened on and this configuration does not have.
    this.#parent.closeUnheld();
    if (generationOf(id) === this.#generation && slotOf(id) === 0)
      for (let slot = 1; slot < this.#options.count; slot++) this.#fill(slot);
    this.#options.onServing();
  }

  #at(slot: number): Worker | undefined {
    return this.#workers.get(workerId(this.#generation, slot));
  }

  /** Starts a slot that is empty. */
  #fill(slot: number): void {
    if (this.#stopped || this.#succession !== undefined) return;
    if (this.#at(slot) === undefined && !this.#waiting.has(slot)) void this.#start(slot);
  }

  async #start(slot: number): Promise<void> {
    try {
      if (slot === 0) await this.#options.prepare();
    } catch (error) {
      this.#again(slot, 0, { reason: `can't be prepared: ${messageOf(error)}` });
      return;
    }
    if (this.#stopped || this.#at(slot) !== undefined) return;
    await this.#launch(workerId(this.#generation, slot), false).child.exited;
  }

  #launch(id: WorkerId, succeeds: boolean): Worker {
    const child = this.#options.spawn(id, { succeeds });
    const worker: Worker = {
      id,
      child,
      startedAt: Date.now(),
      serving: false,
      outcome: Promise.withResolvers(),
    };
    this.#workers.set(id, worker);
    child.onMessage((message) => this.#parent.receive(id, message as ToParent));
    this.#parent.attach(id, child);
    void child.exited.then((exit) => this.#ended(worker, exit));
    return worker;
  }

  #ended(worker: Worker, exit: ChildExit): void {
    this.#workers.delete(worker.id);
    this.#parent.ended(worker.id);
    worker.outcome.resolve(false);
    // Retired, or not yet the one: then whoever has started it knows.
    if (generationOf(worker.id) !== this.#generation) return;
    this.#again(slotOf(worker.id), Date.now() - worker.startedAt, { exit });
  }

  #again(slot: number, ranMs: number, why: { readonly exit?: ChildExit; readonly reason?: string }): void {
    if (this.#stopped) return;
    const restartInMs = (this.#delays[slot] as RestartDelay).next(ranMs);
    const start = (): void => {
      this.#waiting.delete(slot);
      this.#fill(slot);
    };
    this.#waiting.set(slot, setTimeout(start, restartInMs));
    if (this.#workers.size === 0 && restartInMs > QUEUE_UP_TO_MS) this.#parent.closeUnheld();
    this.#options.onEnded({ ...why, restartInMs });
  }

  async #succeed(): Promise<void> {
    await this.#options.prepare();
    const before = this.#generation;
    const next = before + 1;
    this.#parent.send(workerId(before, 0), { kind: 'succeeded' });
    if (!(await this.#takeOver(workerId(next, 0)))) {
      this.#parent.send(workerId(before, 0), { kind: 'resume' });
      throw new Error('the new one did not come to serve; the one before goes on');
    }
    this.#generation = next;
    this.#retire(workerId(before, 0));
    for (let slot = 1; slot < this.#options.count; slot++) {
      await this.#takeOver(workerId(next, slot));
      this.#retire(workerId(before, slot));
    }
  }

  /** Resolves with whether it serves. */
  async #takeOver(id: WorkerId): Promise<boolean> {
    // Nobody would stop it.
    if (this.#stopped) return false;
    const { child, outcome } = this.#launch(id, true);
    const late = setTimeout(() => outcome.resolve(false), SUCCEED_WITHIN_MS);
    const serves = await outcome.promise;
    clearTimeout(late);
    if (!serves) await child.stop(FAILED_GRACE_MS);
    return serves;
  }

  #retire(id: WorkerId): void {
    const worker = this.#workers.get(id);
    if (worker !== undefined) worker.serving = false;
    this.#parent.send(id, { kind: 'retire' });
  }
}
