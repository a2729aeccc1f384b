import type { Random } from '../match.ts';
import type { BalancerPolicy, WarmUp, ZoneAware } from '../tables/cluster.ts';
import type { Balancer, Host, Weigh } from './balancer.ts';
import { createBalancer, isHashing } from './index.ts';
import { byWeight, partDraw, weighByLocality } from './localities.ts';
import { type LevelHealth, shareLevels } from './priorities.ts';
import { warmShare } from './warm-up.ts';
import { byZone, type Callers } from './zone-aware.ts';

export interface BalancingOptions {
  readonly policy: BalancerPolicy;
  /** Below this share of healthy hosts, in percent, all are used; 0: never. */
  readonly panicPercent: number;
  /** Requests are shared out among localities by their weights first. */
  readonly localityWeighted: boolean;
  /** Requests of the first priority stay in the caller's zone, as far as it can carry them. */
  readonly zoneAware?: ZoneAware | undefined;
  /** Who calls, for zones; read at each `rebuild`. */
  readonly callers?: () => Callers;
  readonly random: Random;
  /** The clock of `Host.since`. */
  readonly now: () => number;
}

/** Chooses among the hosts of one priority. */
interface Choice<H extends Host> {
  rebuild(hosts: readonly H[], panic: boolean, weigh: Weigh<H>, steady: boolean): void;
  pick(hash?: number): H | undefined;
}

interface Level<H extends Host> {
  readonly choice: Choice<H>;
  /** Share of the requests, in percent. */
  readonly load: number;
  /** Fewer healthy hosts than the threshold: all are used. */
  readonly panic: boolean;
}

/**
 * A cluster's choice of host: by priority (a level takes what the levels before it can't carry), then by
 * health (below the panic threshold all hosts of a level are used, as Envoy's), by locality where these are weighted
 * or near, then by policy.
 */
export class LoadBalancer<H extends Host> {
  readonly #options: BalancingOptions;
  readonly #warmUp: WarmUp | undefined;
  #levels: readonly Level<H>[] = [];
  /** Of the levels, in their order. */
  #healths: readonly (LevelHealth & { readonly priority: number })[] = [];
  #warming = false;

  constructor(options: BalancingOptions) {
    this.#options = options;
    const { policy } = options;
    this.#warmUp = 'warmUp' in policy ? policy.warmUp : undefined;
  }

  /** Call when hosts, weights or health have changed, and now and then while it is `warming`. */
  rebuild(hosts: readonly H[]): void {
    const { panicPercent, now } = this.#options;
    const warmUp = this.#warmUp;
    const time = warmUp === undefined ? 0 : now();
    this.#warming = warmUp !== undefined && hosts.some(({ since }) => time - since < warmUp.windowMs);
    const weigh: Weigh<H> =
      warmUp !== undefined && this.#warming
        ? (host) => host.weight * warmShare(now() - host.since, warmUp)
        : (host) => host.weight;
    const byPriority = [...Map.groupBy(hosts, (host) => host.priority)].toSorted(([a], [b]) => a - b);
    this.#healths = byPriority.map(([priority, all]) => ({
      priority,
      hosts: all.length,
      healthy: all.reduce((sum, host) => sum + (host.healthy ? 1 : 0), 0),
    }));
    const shares = shareLevels(this.#healths, panicPercent);
    this.#levels = shares.map(({ load, panic }, index) => {
      const choice = this.#levels[index]?.choice ?? this.#choice(index);
      choice.rebuild(byPriority[index]?.[1] ?? [], panic, weigh, !this.#warming);
      return { choice, load, panic };
    });
  }

  /** Undefined: no host is fit. */
  pick(hash?: number): H | undefined {
    const levels = this.#levels;
    return levels.length === 1 ? levels[0]?.choice.pick(hash) : this.#draw(levels, hash);
  }

  /** As `pick`, but leaves priorities out, while others have a healthy host (Envoy's previous_priorities). */
  pickBeyond(tried: ReadonlySet<number>, hash?: number): H | undefined {
    const left = this.#healths.map((health) =>
      tried.has(health.priority) ? { ...health, healthy: 0 } : health,
    );
    if (left.every(({ healthy }) => healthy === 0)) return this.pick(hash);
    const loads = shareLevels(left, 0);
    return this.#draw(
      this.#levels.map((level, at) => ({ choice: level.choice, load: loads[at]?.load ?? 0 })),
      hash,
    );
  }

  #draw(levels: readonly Pick<Level<H>, 'choice' | 'load'>[], hash: number | undefined): H | undefined {
    // A key has its priority, too: it stays where it is while shares do.
    let at = hash === undefined ? this.#options.random() * 100 : ((hash % 9_973) / 9_973) * 100;
    let chosen: Pick<Level<H>, 'choice'> | undefined;
    for (const level of levels) {
      if (level.load === 0) continue;
      chosen = level;
      at -= level.load;
      if (at < 0) break;
    }
    return chosen?.choice.pick(hash);
  }

  get panic(): boolean {
    return this.#levels.some((level) => level.panic);
  }

  /** Some host has less than its full weight yet. */
  get warming(): boolean {
    return this.#warming;
  }

  #choice(level: number): Choice<H> {
    const { policy, localityWeighted, zoneAware, callers, panicPercent, random } = this.#options;
    const create = (): Balancer<H> => createBalancer(policy, random);
    if (!isHashing(policy)) {
      if (localityWeighted) return partDraw(create, random, byWeight);
      // Envoy's: other priorities are for when this one fails, and take their hosts as they come.
      if (zoneAware !== undefined && callers !== undefined && level === 0)
        return partDraw(create, random, byZone(zoneAware, panicPercent, callers));
    }
    const balancer = create();
    return {
      rebuild(hosts, panic, weigh, steady) {
        if (localityWeighted) {
          const localities = weighByLocality(hosts, panic);
          balancer.rebuild(localities.used, localities.weigh, true);
        } else balancer.rebuild(panic ? hosts : hosts.filter((host) => host.healthy), weigh, steady);
      },
      pick: (hash) => balancer.pick(hash),
    };
  }
}
