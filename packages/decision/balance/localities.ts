import type { Random } from '../match.ts';
import type { Balancer, Host, Weigh } from './balancer.ts';
import { EdfScheduler } from './edf.ts';
import { availability } from './priorities.ts';

/** Hosts that get a share of a priority's requests together. */
export interface Part<H extends Host> {
  /** Equal for the same part before and after a change. */
  readonly name: string;
  readonly used: readonly H[];
  /** Against the other parts; above 0. */
  readonly share: number;
}

/** How the hosts of a priority are parted. */
export type Split = <H extends Host>(hosts: readonly H[], panic: boolean) => readonly Part<H>[];

/**
 * Localities of one priority with their effective weights, as Envoy's locality weighted balancing: a locality's
 * weight, less what its healthy hosts can't carry.
 */
export function byWeight<H extends Host>(hosts: readonly H[], panic: boolean): Part<H>[] {
  return [...Map.groupBy(hosts, (host) => host.locality)].flatMap(([name, members]) => {
    const used = panic ? members : members.filter((host) => host.healthy);
    const able = panic ? 100 : availability({ hosts: members.length, healthy: used.length });
    const share = ((members[0]?.localityWeight ?? 0) * able) / 100;
    return share > 0 ? [{ name, used, share }] : [];
  });
}

/** Chooses a part by its share, then one of its hosts by a balancer of that part's own. */
export function partDraw<H extends Host>(create: () => Balancer<H>, random: Random, split: Split) {
  let balancers = new Map<string, Balancer<H>>();
  let turns: EdfScheduler<{ readonly balancer: Balancer<H>; readonly share: number }> | undefined;
  return {
    rebuild(hosts: readonly H[], panic: boolean, weigh: Weigh<H>, steady: boolean): void {
      const before = balancers;
      balancers = new Map();
      const shares = split(hosts, panic).map(({ name, used, share }) => {
        const balancer = before.get(name) ?? create();
        balancer.rebuild(used, weigh, steady);
        balancers.set(name, balancer);
        return { balancer, share };
      });
      turns = new EdfScheduler(shares, ({ share }) => share, random);
    },
    pick: (): H | undefined => turns?.next()?.balancer.pick(),
  };
}

/**
 * The same for balancers that hash: all localities share one ring or table, where a host weighs its part of its
 * locality's weight.
 */
export function weighByLocality<H extends Host>(
  hosts: readonly H[],
  panic: boolean,
): { readonly used: readonly H[]; readonly weigh: Weigh<H> } {
  const weights = new Map<H, number>();
  const localities = byWeight(hosts, panic);
  const least = Math.min(...localities.map(({ share, used }) => share / sumOfWeights(used)));
  for (const { used, share } of localities) {
    // In units of the least: rings count their places per unit.
    const unit = share / sumOfWeights(used) / least;
    for (const host of used) weights.set(host, host.weight * unit);
  }
  return { used: [...weights.keys()], weigh: (host) => weights.get(host) ?? host.weight };
}

const sumOfWeights = (hosts: readonly Host[]): number => hosts.reduce((sum, host) => sum + host.weight, 0);
