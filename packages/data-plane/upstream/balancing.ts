import { LoadBalancer } from '@tulle/decision/balance/load-balancer';
import type { Random } from '@tulle/decision/match';
import type { BalancerPolicy, Cluster, WarmUp } from '@tulle/decision/tables/cluster';
import type { Timer, TimerWheel } from '../timers/wheel.ts';
import type { EndpointState } from './endpoint.ts';

/** How often in its time a warm-up is looked at again. */
const warmUpSteps = 20;

type Settings = Pick<Cluster, 'balancer' | 'panicThresholdPercent' | 'localityWeighted'>;

/** A cluster's balancer while its settings and endpoints change: its position is kept as long as it can be. */
export class Balancing {
  readonly #wheel: TimerWheel;
  readonly #random: Random;
  readonly #warmUp: Timer;
  #settings: Settings;
  #balancer: LoadBalancer<EndpointState>;
  #endpoints: readonly EndpointState[] = [];

  constructor(settings: Settings, wheel: TimerWheel, random: Random) {
    this.#wheel = wheel;
    this.#random = random;
    this.#warmUp = wheel.timer(() => this.rebuild());
    this.#settings = settings;
    this.#balancer = this.#create();
  }

  configure(settings: Settings): void {
    const before = this.#settings;
    this.#settings = settings;
    if (sameSettings(before, settings)) return;
    this.#balancer = this.#create();
    this.rebuild();
  }

  /** Call when endpoints, their weights or health have changed. */
  rebuild(endpoints: readonly EndpointState[] = this.#endpoints): void {
    this.#endpoints = endpoints;
    const now = this.#wheel.now();
    for (const endpoint of endpoints) {
      if (!endpoint.ready) endpoint.since = -1;
      else if (endpoint.since < 0) endpoint.since = now;
    }
    this.#balancer.rebuild(endpoints);
    const warmUp = warmUpOf(this.#settings.balancer);
    if (warmUp !== undefined && this.#balancer.warming) this.#warmUp.start(warmUp.windowMs / warmUpSteps);
    else this.#warmUp.stop();
  }

  /** @param beyond priorities that are to be left, while others will do */
  pick(hash?: number, beyond?: ReadonlySet<number>): EndpointState | undefined {
    return beyond === undefined ? this.#balancer.pick(hash) : this.#balancer.pickBeyond(beyond, hash);
  }

  stop(): void {
    this.#warmUp.stop();
  }

  #create(): LoadBalancer<EndpointState> {
    const { balancer, panicThresholdPercent, localityWeighted } = this.#settings;
    return new LoadBalancer({
      policy: balancer,
      panicPercent: panicThresholdPercent,
      localityWeighted,
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
    sameFields({ ...a.balancer, warmUp: undefined }, { ...b.balancer, warmUp: undefined }) &&
    sameFields({ ...warmUpOf(a.balancer) }, { ...warmUpOf(b.balancer) })
  );
}

/** Of objects with plain values. */
function sameFields(a: object, b: object): boolean {
  const fields = Object.entries(a);
  return (
    fields.length === Object.keys(b).length &&
    fields.every(([name, value]) => (b as Readonly<Record<string, unknown>>)[name] === value)
  );
}
