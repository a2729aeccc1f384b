/**
 * How one check ended. `failed`: the endpoint said so itself (a status that is not expected), which needs no
 * second opinion; `unreachable`: no answer, or one that may be different next time.
 */
export type Outcome = 'passed' | 'failed' | 'unreachable';

/** `pending`: on the way to a threshold. */
export type Change = 'none' | 'pending' | 'changed';

export interface Thresholds {
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
}

/**
 * What an endpoint's checks amount to, after Envoy:
 * ```
 *   Healthy ──one `failed`, or `unreachable` × unhealthyThreshold──▶ Unhealthy
 *   Unhealthy ──`passed` × healthyThreshold──▶ Healthy              (the very first check decides alone)
 * ```
 */
export class Verdict {
  failing: boolean;
  /** Nothing is known yet. */
  pending = true;
  #inRow = 0;

  constructor(failing: boolean) {
    this.failing = failing;
  }

  report(outcome: Outcome, { healthyThreshold, unhealthyThreshold }: Thresholds): Change {
    const first = this.pending;
    this.pending = false;
    const passed = outcome === 'passed';
    if (passed !== this.failing) {
      this.#inRow = 0;
      return 'none';
    }
    this.#inRow++;
    const enough = passed
      ? first || this.#inRow >= healthyThreshold
      : outcome === 'failed' || this.#inRow >= unhealthyThreshold;
    if (!enough) return 'pending';
    this.#inRow = 0;
    this.failing = !passed;
    return 'changed';
  }
}
