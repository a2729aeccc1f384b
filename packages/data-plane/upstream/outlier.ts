import type { OutlierDetection } from '@tulle/decision/tables/cluster';
import type { Timer, TimerWheel } from '../timers/wheel.ts';
import type { EndpointState } from './endpoint.ts';

/** What workers of one proxy tell each other of a cluster's endpoints, by their keys. */
export interface OutcomeSharing {
  /** An attempt has changed how many failures in a row there are. */
  counted(endpoint: string, status: number): void;
  ejected(endpoint: string): void;
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

  /** An attempt ended: a response's status, or 503 / 504 for a failure without one. */
  report(endpoint: EndpointState, status: number): void {
    const config = this.#config;
    const changes = status >= 500 || endpoint.consecutive5xx > 0;
    if (!changes) return;
    if (config !== undefined) this.#sharing?.counted(endpoint.key, status);
    count(endpoint, status);
    if (config === undefined || endpoint.ejected || endpoint.gone) return;
    const over5xx = config.consecutive5xx > 0 && endpoint.consecutive5xx >= config.consecutive5xx;
    const overGateway =
      config.consecutiveGatewayErrors > 0 &&
      endpoint.consecutiveGatewayErrors >= config.consecutiveGatewayErrors;
    if (over5xx || overGateway) this.#ejectIfAllowed(endpoint, config);
  }

  /** Another worker has reported an attempt: it counts here too, and whoever reports the last one ejects. */
  hear(endpoint: string, status: number): void {
    const state = this.#find(endpoint);
    if (state !== undefined) count(state, status);
  }

  /** Another worker has ejected an endpoint. */
  hearEjected(endpoint: string): void {
    const state = this.#find(endpoint);
    if (state !== undefined && !state.ejected && this.#config !== undefined) this.#eject(state, this.#config);
  }

  stop(): void {
    this.#timer.stop();
  }

  #find(key: string): EndpointState | undefined {
    return this.#endpoints().find((endpoint) => endpoint.key === key);
  }

  #ejectIfAllowed(endpoint: EndpointState, config: OutlierDetection): void {
    // Counted anew, ejected or not.
    count(endpoint, 0);
    const endpoints = this.#endpoints();
    const ejected = endpoints.reduce((sum, other) => sum + (other.ejected ? 1 : 0), 0);
    // One may always go, else a small percentage of few endpoints would switch detection off.
    if (ejected > 0 && ((ejected + 1) / endpoints.length) * 100 > config.maxEjectionPercent) {
      this.overflows++;
      return;
    }
    if (config.maxEjectionPercent <= 0) return;
    this.ejectionsTotal++;
    this.#sharing?.ejected(endpoint.key);
    this.#eject(endpoint, config);
  }

  #eject(endpoint: EndpointState, config: OutlierDetection): void {
    count(endpoint, 0);
    endpoint.ejected = true;
    endpoint.ejectedAt = this.#wheel.now();
    endpoint.ejections++;
    if (!this.#timer.armed) this.#timer.start(config.intervalMs);
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

function count(endpoint: EndpointState, status: number): void {
  endpoint.consecutive5xx = status < 500 ? 0 : endpoint.consecutive5xx + 1;
  const isGateway = status === 502 || status === 503 || status === 504;
  endpoint.consecutiveGatewayErrors = isGateway ? endpoint.consecutiveGatewayErrors + 1 : 0;
}
