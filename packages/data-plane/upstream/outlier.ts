import type { OutlierDetection } from '@tulle/decision/tables/cluster';
import type { Timer, TimerWheel } from '../timers/wheel.ts';
import type { EndpointState } from './endpoint.ts';

/** What workers of one proxy tell each other of a cluster's endpoints, by their keys. */
export interface OutcomeSharing {
  /** An attempt has changed how many failures in a row there are. `local`: of those that are counted apart. */
  counted(endpoint: string, status: number, local: boolean): void;
  ejected(endpoint: string): void;
  /** By an active check. */
  readmitted(endpoint: string): void;
}

/**
 * Passive health: endpoints that fail several times in a row are left out for a while, longer each time.
 *
 * ```
 *   In ──consecutive failures reach the limit──▶ Ejected ──base × ejections have passed──▶ In
 * ```
 * After Envoy's outlier detection: ejection is at once, the way back is looked at every interval, and each
 * interval in good standing forgets one ejection.
 */
export class OutlierDetector {
  readonly #timer: Timer;
  readonly #wheel: TimerWheel;
  readonly #endpoints: () => readonly EndpointState[];
  readonly #onChange: () => void;
  readonly #sharing: OutcomeSharing | undefined;
  #config: OutlierDetection | undefined;
  ejectionsTotal = 0;
  /** Ejections that the maximum percentage prevented. */
  overflows = 0;

  constructor(
    wheel: TimerWheel,
    endpoints: () => readonly EndpointState[],
    onChange: () => void,
    sharing?: OutcomeSharing,
  ) {
    this.#sharing = sharing;
    this.#wheel = wheel;
    this.#endpoints = endpoints;
    this.#onChange = onChange;
    this.#timer = wheel.timer(() => this.#sweep());
  }

  /** Switching it off lets everything in again. */
  configure(config: OutlierDetection | undefined): void {
    this.#config = config;
    if (config !== undefined) return;
    for (const endpoint of this.#endpoints()) {
      endpoint.ejected = false;
      endpoint.ejections = 0;
    }
    this.#timer.stop();
  }

  /** An attempt was answered with a status; one below 500 that counts as an error counts as 500. */
  answered(endpoint: EndpointState, answer: number): void {
    const errors = this.#config?.errors;
    const status = errors === undefined ? answer : errors.has(answer) ? Math.max(answer, 500) : 200;
    if (status < 500 && endpoint.consecutive5xx === 0) return;
    this.#count(endpoint, status, false);
  }

  /**
   * An attempt failed without an answer, of which Envoy says that the failure is of local origin.
   * @param status as what it counts where such failures are not counted apart: 502, 503 or 504
   */
  failed(endpoint: EndpointState, status: number): void {
    this.#count(endpoint, status, true);
  }

  /** A connection was there for an attempt. `final`: that is all that is asked of it, for it carries bytes. */
  reached(endpoint: EndpointState, final = false): void {
    if (endpoint.consecutiveLocalFailures > 0) this.#count(endpoint, 0, true);
    else if (final) this.answered(endpoint, 200);
  }

  /** Another worker has reported an attempt: it counts here too, and whoever reports the last one ejects. */
  hear(endpoint: string, status: number, local: boolean): void {
    const state = this.#find(endpoint);
    if (state !== undefined) count(state, status, local);
  }

  /** Another worker has ejected an endpoint. */
  hearEjected(endpoint: string): void {
    const state = this.#find(endpoint);
    if (state !== undefined && !state.ejected && this.#config !== undefined) this.#eject(state, this.#config);
  }

  /** An active check has passed: what requests have said before does not count any more. */
  checkPassed(endpoint: EndpointState): void {
    if (!endpoint.ejected || this.#config?.keepsThroughChecks === true) return;
    this.#sharing?.readmitted(endpoint.key);
    this.#readmit(endpoint);
  }

  /** Another worker's active check has passed. */
  hearReadmitted(endpoint: string): void {
    const state = this.#find(endpoint);
    if (state?.ejected === true) this.#readmit(state);
  }

  stop(): void {
    this.#timer.stop();
  }

  #find(key: string): EndpointState | undefined {
    return this.#endpoints().find((endpoint) => endpoint.key === key);
  }

  #count(endpoint: EndpointState, status: number, failed: boolean): void {
    const config = this.#config;
    const local = failed && config?.consecutiveLocalFailures !== undefined;
    if (config !== undefined) this.#sharing?.counted(endpoint.key, status, local);
    count(endpoint, status, local);
    if (config !== undefined && !endpoint.ejected && !endpoint.gone && isOver(endpoint, config))
      this.#ejectIfAllowed(endpoint, config);
  }

  #ejectIfAllowed(endpoint: EndpointState, config: OutlierDetection): void {
    // Counted anew, ejected or not.
    forget(endpoint);
    const endpoints = this.#endpoints();
    const ejected = endpoints.reduce((sum, other) => sum + (other.ejected ? 1 : 0), 0);
    const percent = ((ejected + 1) / endpoints.length) * 100;
    if (percent > config.maxEjectionPercent && !(config.alwaysEjectOne && ejected === 0)) {
      this.overflows++;
      return;
    }
    this.ejectionsTotal++;
    this.#sharing?.ejected(endpoint.key);
    this.#eject(endpoint, config);
  }

  #eject(endpoint: EndpointState, config: OutlierDetection): void {
    forget(endpoint);
    endpoint.ejected = true;
    endpoint.ejectedAt = this.#wheel.now();
    endpoint.ejections++;
    if (!this.#timer.armed) this.#timer.start(config.intervalMs);
    this.#onChange();
  }

  #readmit(endpoint: EndpointState): void {
    forget(endpoint);
    endpoint.ejected = false;
    this.#onChange();
  }

  #sweep(): void {
    const config = this.#config;
    if (config === undefined) return;
    const now = this.#wheel.now();
    let changed = false;
    let remembered = false;
    for (const endpoint of this.#endpoints()) {
      if (endpoint.ejected) {
        const time = Math.min(
          config.baseEjectionMs * endpoint.ejections,
          Math.max(config.baseEjectionMs, config.maxEjectionMs),
        );
        if (now - endpoint.ejectedAt >= time) {
          endpoint.ejected = false;
          changed = true;
        }
      } else if (endpoint.ejections > 0) endpoint.ejections--;
      remembered ||= endpoint.ejections > 0;
    }
    if (remembered) this.#timer.start(config.intervalMs);
    if (changed) this.#onChange();
  }
}

function count(endpoint: EndpointState, status: number, local: boolean): void {
  if (local) {
    endpoint.consecutiveLocalFailures = status === 0 ? 0 : endpoint.consecutiveLocalFailures + 1;
    return;
  }
  endpoint.consecutive5xx = status < 500 ? 0 : endpoint.consecutive5xx + 1;
  const isGateway = status === 502 || status === 503 || status === 504;
  endpoint.consecutiveGatewayErrors = isGateway ? endpoint.consecutiveGatewayErrors + 1 : 0;
}

function forget(endpoint: EndpointState): void {
  endpoint.consecutive5xx = 0;
  endpoint.consecutiveGatewayErrors = 0;
  endpoint.consecutiveLocalFailures = 0;
}

function isOver(endpoint: EndpointState, config: OutlierDetection): boolean {
  return (
    reaches(endpoint.consecutive5xx, config.consecutive5xx) ||
    reaches(endpoint.consecutiveGatewayErrors, config.consecutiveGatewayErrors) ||
    reaches(endpoint.consecutiveLocalFailures, config.consecutiveLocalFailures ?? 0)
  );
}

/** A limit of 0 is none. */
const reaches = (count: number, limit: number): boolean => limit > 0 && count >= limit;
