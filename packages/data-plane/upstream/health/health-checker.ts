import type { Random } from '@tulle/decision/match';
import type { Cluster } from '@tulle/decision/tables/cluster';
import type { HealthCheck } from '@tulle/decision/tables/health-check';
import type { TimerWheel } from '../../timers/wheel.ts';
import type { Connector } from '../connector.ts';
import type { EndpointState } from '../endpoint.ts';
import type { OpenClientCodec } from '../pool/client-connection.ts';
import { CheckSession } from './session.ts';
import { type Outcome, Verdict } from './verdict.ts';

/** How the workers of a proxy share what one of them finds out about a cluster. */
export interface HealthSharing {
  /** This worker is the one that asks. */
  readonly asks: boolean;
  /** To the others: what is known of an endpoint. */
  tell(endpoint: string, failing: boolean): void;
  /** To the one that asks: tell all that you know. */
  inquire(): void;
}

export interface HealthCheckerParts {
  readonly cluster: () => Cluster;
  readonly wheel: TimerWheel;
  readonly random: Random;
  readonly connector: Connector;
  readonly openCodec: OpenClientCodec;
  readonly sharing: HealthSharing | undefined;
  /** A check has found an endpoint fit. */
  readonly onPassed: (endpoint: EndpointState) => void;
  /** An endpoint has become fit or unfit. */
  readonly onChange: () => void;
}

interface Checked {
  readonly verdict: Verdict;
  /** Undefined: another worker asks, or it is not to be checked. */
  session: CheckSession | undefined;
}

/** Counters of a cluster's checks, as Envoy's `cluster.<name>.health_check.*`. */
export interface HealthCheckCounters {
  attempts: number;
  successes: number;
  failures: number;
  /** Of the failures those without an answer that says so. */
  networkFailures: number;
}

/**
 * The checks of a cluster's endpoints. Those that are there when checking begins are used until a check fails;
 * those that come later get no requests before a check has passed.
 */
export class HealthChecker {
  readonly counters: HealthCheckCounters = { attempts: 0, successes: 0, failures: 0, networkFailures: 0 };
  readonly #parts: HealthCheckerParts;
  readonly #checked = new Map<EndpointState, Checked>();
  #check: HealthCheck;
  /** The endpoints of the first round are known. */
  #begun = false;
  #used: boolean;

  constructor(check: HealthCheck, parts: HealthCheckerParts) {
    this.#check = check;
    this.#parts = parts;
    // What other workers have sent is not known here.
    this.#used = parts.sharing !== undefined;
  }

  /** Other settings: asked anew by them, what is known stays. */
  configure(check: HealthCheck): void {
    if (check === this.#check) return;
    this.#check = check;
    for (const [endpoint, checked] of this.#checked) this.#begin(endpoint, checked);
  }

  /** The endpoints that there are now. */
  update(endpoints: readonly EndpointState[]): void {
    const there = new Set(endpoints);
    for (const endpoint of this.#checked.keys()) if (!there.has(endpoint)) this.#forget(endpoint);
    let unknown = false;
    for (const endpoint of endpoints) {
      const isWanted = endpoint.config.healthCheck?.disabled !== true;
      if (isWanted === this.#checked.has(endpoint)) continue;
      if (isWanted) {
        unknown = true;
        const checked: Checked = { verdict: new Verdict(this.#begun), session: undefined };
        this.#checked.set(endpoint, checked);
        this.#show(endpoint, checked.verdict);
        this.#begin(endpoint, checked);
      } else this.#forget(endpoint);
    }
    this.#begun ||= endpoints.length > 0;
    if (unknown && this.#parts.sharing?.asks === false) this.#parts.sharing.inquire();
  }

  /** Another worker knows of an endpoint. */
  hear(key: string, failing: boolean): void {
    for (const [endpoint, { verdict }] of this.#checked) {
      if (endpoint.key !== key) continue;
      const changed = verdict.failing !== failing;
      verdict.failing = failing;
      verdict.pending = false;
      this.#show(endpoint, verdict);
      if (changed) this.#parts.onChange();
      return;
    }
  }

  /** Another worker wants to know. */
  tellAll(): void {
    for (const [{ key }, { verdict }] of this.#checked)
      if (!verdict.pending) this.#parts.sharing?.tell(key, verdict.failing);
  }

  /** No more checks; every endpoint is as if there had been none. */
  stop(): void {
    for (const endpoint of [...this.#checked.keys()]) this.#forget(endpoint);
  }

  #begin(endpoint: EndpointState, checked: Checked): void {
    const { cluster, connector, openCodec, wheel, random, sharing } = this.#parts;
    checked.session?.stop();
    if (sharing?.asks === false) return;
    checked.session = new CheckSession({
      subject: { endpoint, cluster, connector, openCodec },
      check: this.#check,
      verdict: checked.verdict,
      wheel,
      random,
      isUsed: () => this.#isUsed(),
      onAttempt: () => {
        this.counters.attempts++;
      },
      onOutcome: (outcome, changed, first) =>
        this.#concluded(endpoint, checked.verdict, outcome, changed, first),
    });
  }

  #concluded(
    endpoint: EndpointState,
    verdict: Verdict,
    outcome: Outcome,
    changed: boolean,
    first: boolean,
  ): void {
    if (outcome === 'passed') this.counters.successes++;
    else this.counters.failures++;
    if (outcome === 'unreachable') this.counters.networkFailures++;
    this.#show(endpoint, verdict);
    if (changed || first) this.#parts.sharing?.tell(endpoint.key, verdict.failing);
    if (changed) this.#parts.onChange();
    if (outcome === 'passed' && !verdict.failing) this.#parts.onPassed(endpoint);
  }

  #forget(endpoint: EndpointState): void {
    this.#checked.get(endpoint)?.session?.stop();
    this.#checked.delete(endpoint);
    endpoint.failedCheck = false;
    endpoint.pendingCheck = false;
  }

  #show(endpoint: EndpointState, { failing, pending }: Verdict): void {
    endpoint.failedCheck = failing;
    endpoint.pendingCheck = pending;
  }

  #isUsed(): boolean {
    this.#used ||= [...this.#checked.keys()].some(({ counters }) => counters.connectionsTotal > 0);
    return this.#used;
  }
}
