import type { Random } from '@tulle/decision/match';
import type { HealthCheck } from '@tulle/decision/tables/health-check';
import type { Timer, TimerWheel } from '../../timers/wheel.ts';
import { GrpcProbe } from './grpc-probe.ts';
import { HttpProbe } from './http-probe.ts';
import { nextInterval } from './interval.ts';
import type { Probe, ProbeSubject } from './probe.ts';
import { TcpProbe } from './tcp-probe.ts';
import type { Outcome, Verdict } from './verdict.ts';

export interface SessionOptions {
  readonly subject: Omit<ProbeSubject, 'timeoutMs'>;
  readonly check: HealthCheck;
  readonly verdict: Verdict;
  readonly wheel: TimerWheel;
  readonly random: Random;
  /** The cluster has had a connection for requests. */
  readonly isUsed: () => boolean;
  /** A check is begun. */
  readonly onAttempt: () => void;
  readonly onOutcome: (outcome: Outcome, changed: boolean, first: boolean) => void;
}

/**
 * The checks of one endpoint, one after the other.
 *
 * ```
 *   Waiting ──interval──▶ Asking ──outcome | timeout──▶ Waiting        any ──stop──▶ Stopped
 * ```
 */
export class CheckSession {
  readonly #options: SessionOptions;
  readonly #probe: Probe;
  readonly #timer: Timer;
  /** Which question is under way; 0 while Waiting. So a late answer is nobody's. */
  #question = 0;
  #questions = 0;

  constructor(options: SessionOptions) {
    const { check, wheel, random } = options;
    this.#options = options;
    this.#probe = makeProbe(check, { ...options.subject, timeoutMs: check.timeoutMs });
    this.#timer = wheel.timer(() => (this.#question === 0 ? this.#ask() : this.#late()));
    const { initialJitterMs } = check.intervals;
    if (initialJitterMs > 0) this.#timer.start(random() * initialJitterMs);
    else this.#ask();
  }

  stop(): void {
    this.#question = 0;
    this.#timer.stop();
    this.#probe.abandon();
  }

  /** Waiting → Asking */
  #ask(): void {
    const question = ++this.#questions;
    this.#question = question;
    this.#options.onAttempt();
    this.#timer.start(this.#options.check.timeoutMs);
    this.#probe.ask((outcome) => {
      if (this.#question === question) this.#conclude(outcome);
    });
  }

  #late(): void {
    this.#probe.abandon();
    this.#conclude('unreachable');
  }

  /** Asking → Waiting */
  #conclude(outcome: Outcome): void {
    const { check, verdict, random, isUsed, onOutcome } = this.#options;
    this.#question = 0;
    const first = verdict.pending;
    const change = verdict.report(outcome, check);
    this.#timer.start(nextInterval(check.intervals, outcome === 'passed', change, isUsed(), random));
    onOutcome(outcome, change === 'changed', first);
  }
}

function makeProbe({ check, reuseConnection }: HealthCheck, subject: ProbeSubject): Probe {
  switch (check.kind) {
    case 'http':
      return new HttpProbe(check, subject, reuseConnection);
    case 'tcp':
      return new TcpProbe(check, subject, reuseConnection);
    case 'grpc':
      return new GrpcProbe(check, subject, reuseConnection);
  }
}
