import type { Random } from '../match.ts';
import type { BalancerPolicy } from '../tables/cluster.ts';
import type { Balancer, Host } from './balancer.ts';
import { createBalancer } from './index.ts';

/** Envoy's overprovisioning factor: a priority counts as whole while 1 / 1.4 of it is healthy. */
const overprovisioning = 1.4;

interface Level<H extends Host> {
  readonly balancer: Balancer<H>;
  /** Share of the requests, in percent. */
  load: number;
  /** Fewer healthy hosts than the threshold: all are used. */
  panic: boolean;
  size: number;
}

/**
 * A cluster's choice of host: by priority (a level takes what the levels before it can't carry), then by
 * health (below the panic threshold all hosts of a level are used, as Envoy's), then by policy.
 */
export class LoadBalancer<H extends Host> {
  readonly #policy: BalancerPolicy;
  readonly #panicPercent: number;
  readonly #random: Random;
  #levels: Level<H>[] = [];

  constructor(policy: BalancerPolicy, panicPercent: number, random: Random) {
    this.#policy = policy;
    this.#panicPercent = panicPercent;
    this.#random = random;
  }

  /** Call when hosts, weights or health have changed. */
  rebuild(hosts: readonly H[]): void {
    const priorities = [...new Set(hosts.map((host) => host.priority))].sort((a, b) => a - b);
    let left = 100;
    this.#levels = priorities.map((priority, index) => {
      const all = hosts.filter((host) => host.priority === priority);
      const healthy = all.filter((host) => host.healthy);
      const share = Math.min(100, (healthy.length / all.length) * 100 * overprovisioning);
      const load = Math.min(left, share);
      left -= load;
      const panic = (healthy.length / all.length) * 100 < this.#panicPercent;
      const balancer = this.#levels[index]?.balancer ?? createBalancer<H>(this.#policy, this.#random);
      balancer.rebuild(panic ? all : healthy);
      return { balancer, load, panic, size: panic ? all.length : healthy.length };
    });
    // No level has health to spare: spread over them as they are (in panic).
    if (left === 100) for (const level of this.#levels) level.load = 100 / this.#levels.length;
  }

  /** Undefined: no host is fit. */
  pick(hash?: number): H | undefined {
    const levels = this.#levels;
    if (levels.length === 1) return levels[0]?.balancer.pick(hash);
    const total = levels.reduce((sum, level) => sum + (level.size > 0 ? level.load : 0), 0);
    let at = this.#random() * total;
    for (const level of levels) {
      if (level.size === 0) continue;
      at -= level.load;
      if (at < 0) return level.balancer.pick(hash);
    }
    return undefined;
  }

  get panic(): boolean {
    return this.#levels.some((level) => level.panic);
  }
}
