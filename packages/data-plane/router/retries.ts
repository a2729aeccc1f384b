import type { Headers } from '@tulle/decision/headers';
import type { Random } from '@tulle/decision/match';
import { retryBackoff, retryOnFailure, retryOnResponse } from '@tulle/decision/retry';
import type { RetryPolicy } from '@tulle/decision/tables/retry-policy';
import type { Timer, TimerWheel } from '../timers/wheel.ts';
import type { Breakers } from '../upstream/breakers.ts';
import type { EndpointState } from '../upstream/endpoint.ts';
import type { Failure } from './failure.ts';

/** A response that is to be thrown away, if there is a try left. */
export function wantsAfterResponse(policy: RetryPolicy, status: number, headers: Headers): boolean {
  // What nearly all are, without asking for reasons.
  if (
    status < 400 &&
    !policy.statuses.has(status) &&
    !headers.has('grpc-status') &&
    !headers.has('x-envoy-ratelimited')
  )
    return false;
  return status !== 101 && retryOnResponse(policy, status, headers).retry;
}

/** Whether a policy wants another try after a failure before the response’s head. */
export function wantsAfterFailure(policy: RetryPolicy, failure: Failure): boolean {
  const sent = failure.kind !== 'connect-failure' && failure.kind !== 'overflow';
  return retryOnFailure(policy, failure.kind, sent).retry;
}

/**
 * What a request may still do again, and when. Idle ⇄ Waiting (backing off). Each retry holds one of the cluster's from
 * when it is scheduled until its attempt is over: hedged ones, which go on side by side, one each.
 */
export class Retries {
  readonly policy: RetryPolicy;
  /** Endpoints tried before. */
  readonly tried = new Set<EndpointState>();
  /** Priorities that have been tried often enough; undefined: none. */
  beyond: ReadonlySet<number> | undefined = undefined;
  /** Of each attempt. */
  readonly #priorities: number[] = [];
  left: number;
  /** Backing off: another attempt comes. */
  waiting = false;
  readonly #breakers: Breakers;
  readonly #wheel: TimerWheel;
  readonly #random: Random;
  readonly #again: () => void;
  #timer: Timer | undefined = undefined;
  /** Of the cluster's retries. */
  #held = 0;
  #over = false;

  constructor(
    policy: RetryPolicy,
    parts: {
      readonly breakers: Breakers;
      readonly wheel: TimerWheel;
      readonly random: Random;
      readonly again: () => void;
    },
  ) {
    this.policy = policy;
    this.left = policy.retries;
    this.#breakers = parts.breakers;
    this.#wheel = parts.wheel;
    this.#random = parts.random;
    this.#again = () => {
      this.waiting = false;
      parts.again();
    };
  }

  /** False: none is left, or the cluster allows no more. Else `again` is called after the back-off. */
  schedule(failed: EndpointState): boolean {
    if (this.left <= 0) return false;
    if (!this.#breakers.takeRetry(this.#wheel.now())) {
      // A failure can't wait to be told; the next one may be retried.
      this.#breakers.retries.fetch();
      return false;
    }
    this.#held++;
    this.waiting = true;
    this.left--;
    this.tried.add(failed);
    this.#leavePriority(failed);
    const delay = retryBackoff(this.policy, this.policy.retries - this.left, this.#random);
    // Below the wheel's tick, the next turn is nearer to it.
    if (delay < this.#wheel.tickMs / 2) setImmediate(() => !this.#over && this.#again());
    else {
      this.#timer ??= this.#wheel.timer(this.#again);
      this.#timer.start(delay);
    }
    return true;
  }

  #leavePriority({ config }: EndpointState): void {
    const { priorityUpdateFrequency: every } = this.policy;
    if (every === undefined) return;
    this.#priorities.push(config.priority);
    if (this.#priorities.length % every === 0) this.beyond = new Set(this.#priorities);
  }

  /** A retry is over: gives its share of the budget back. */
  release(): void {
    this.#held--;
    this.#breakers.retries.release();
  }

  cancel(): void {
    this.#over = true;
    this.waiting = false;
    this.#timer?.stop();
    while (this.#held > 0) this.release();
  }
}
