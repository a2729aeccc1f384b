import { LoadBalancer } from '@tulle/decision/balance/load-balancer';
import { reportedWeight, weighByReports } from '@tulle/decision/balance/utilization';
import type { Callers } from '@tulle/decision/balance/zone-aware';
import type { Headers } from '@tulle/decision/headers';
import type { Random } from '@tulle/decision/match';
import type { BalancerPolicy, Cluster, WarmUp } from '@tulle/decision/tables/cluster';
import type { Timer, TimerWheel } from '../timers/wheel.ts';
import type { EndpointState } from './endpoint.ts';
import { readLoadReport } from './load-report.ts';

/** How often in its time a warm-up is looked at again. */
const warmUpSteps = 20;

type Settings = Pick<Cluster, 'balancer' | 'panicThresholdPercent' | 'localityWeighted' | 'zoneAware'>;

/** A cluster's balancer while its settings and endpoints change: its position is kept as long as it can be. */
export class Balancing {
  readonly #wheel: TimerWheel;
  readonly #random: Random;
  readonly #callers: () => Callers;
  readonly #warmUp: Timer;
  readonly #update: Timer;
  #settings: Settings;
  #balancer: LoadBalancer<EndpointState>;
  #endpoints: readonly EndpointState[] = [];

  /** @param callers who calls, as far as zones count */
  constructor(settings: Settings, wheel: TimerWheel, random: Random, callers: () => Callers) {
    this.#wheel = wheel;
    this.#random = random;
    this.#callers = callers;
    this.#warmUp = wheel.timer(() => this.rebuild());
    this.#update = wheel.timer(() => this.#updateWeights());
    this.#settings = settings;
    this.#balancer = this.#create();
  }

  configure(settings: Settings): void {
    const before = this.#settings;
    this.#settings = settings;
    if (sameSettings(before, settings)) return;
    for (const endpoint of this.#endpoints) endpoint.reportedWeight = 0;
    this.#balancer = this.#create();
    this.rebuild();
  }

  /** Call when endpoints, their weights or health, or who calls have changed. */
  rebuild(endpoints: readonly EndpointState[] = this.#endpoints): void {
    this.#endpoints = endpoints;
    const now = this.#wheel.now();
    for (const endpoint of endpoints) {
      if (!endpoint.ready) endpoint.since = -1;
      else if (endpoint.since < 0) endpoint.since = now;
    }
    this.#weigh(now);
    this.#balancer.rebuild(endpoints);
    const warmUp = warmUpOf(this.#settings.balancer);
    if (warmUp !== undefined && this.#balancer.warming) this.#warmUp.start(warmUp.windowMs / warmUpSteps);
    else this.#warmUp.stop();
  }

  /** Endpoints say of their load what their weight goes by. */
  get takesReports(): boolean {
    return this.#settings.balancer.kind === 'utilization';
  }

  /** @param headers of an answer, or its trailers */
  report(endpoint: EndpointState, headers: Headers): void {
    const { balancer } = this.#settings;
    const report = readLoadReport(headers);
    if (report === undefined || balancer.kind !== 'utilization') return;
    const weight = reportedWeight(report, balancer);
    if (weight === undefined) return;
    const now = this.#wheel.now();
    const { reported } = endpoint;
    const continues = reported !== undefined && now - reported.at <= balancer.expirationMs;
    endpoint.reported = { weight, since: continues ? reported.since : now, at: now };
    // Of many that report at once the first starts it; without reports nothing changes but by age.
    if (!this.#update.armed) this.#update.start(balancer.updateMs);
  }

  /** Undefined: endpoints don't weigh by what they report. */
  #reportedWeights(now: number): readonly number[] | undefined {
    const { balancer } = this.#settings;
    if (balancer.kind !== 'utilization') return undefined;
    return weighByReports(
      this.#endpoints.map(({ reported }) => reported),
      balancer,
      now,
    );
  }

  #weigh(now: number): void {
    const weights = this.#reportedWeights(now);
    if (weights === undefined) return;
    for (const [at, endpoint] of this.#endpoints.entries()) endpoint.reportedWeight = weights[at] ?? 1;
  }

  /** Works weights out again, for as long as some endpoint has reported. */
  #updateWeights(): void {
    const { balancer } = this.#settings;
    const weights = this.#reportedWeights(this.#wheel.now());
    if (weights === undefined || balancer.kind !== 'utilization') return;
    if (this.#endpoints.some(({ reportedWeight: known }, at) => known !== weights[at])) this.rebuild();
    if (this.#endpoints.some(({ reported }) => reported !== undefined)) this.#update.start(balancer.updateMs);
  }

  /** @param beyond priorities that are to be left, while others will do */
  pick(hash?: number, beyond?: ReadonlySet<number>): EndpointState | undefined {
    return beyond === undefined ? this.#balancer.pick(hash) : this.#balancer.pickBeyond(beyond, hash);
  }

  stop(): void {
    this.#warmUp.stop();
    this.#update.stop();
  }

  #create(): LoadBalancer<EndpointState> {
    const { balancer, panicThresholdPercent, localityWeighted, zoneAware } = this.#settings;
    return new LoadBalancer({
      policy: balancer,
      panicPercent: panicThresholdPercent,
      localityWeighted,
      zoneAware,
      callers: this.#callers,
      random: this.#random,
      now: () => this.#wheel.now(),
    });
  }
}

const warmUpOf = (policy: BalancerPolicy): WarmUp | undefined =>
  'warmUp' in policy ? policy.warmUp : undefined;

function sameSettings(a: Settings, b: Settings): boolean {
  return (
    a.panicThresholdPercent === b.panicThresholdPercent &&
    a.localityWeighted === b.localityWeighted &&
    sameFields({ ...a.zoneAware }, { ...b.zoneAware }) &&
    sameFields({ ...a.balancer, warmUp: undefined }, { ...b.balancer, warmUp: undefined }) &&
    sameFields({ ...warmUpOf(a.balancer) }, { ...warmUpOf(b.balancer) })
  );
}

/** Of objects with plain values, and lists of such. */
function sameFields(a: object, b: object): boolean {
  const fields = Object.entries(a);
  return (
    fields.length === Object.keys(b).length &&
    fields.every(([name, value]) => String((b as Readonly<Record<string, unknown>>)[name]) === String(value))
  );
}
