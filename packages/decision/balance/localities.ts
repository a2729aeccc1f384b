import type { Random } from '../match.ts';
import type { Balancer, Host, Weigh } from './balancer.ts';
import { EdfScheduler } from './edf.ts';
import { availability } from './priorities.ts';

interface Locality<H extends Host> {
  /** Those to use of it. */
  readonly used: readonly H[];
  readonly share: number;
}

/**
 * Localities of one priority with their effective weights, as Envoy's locality weighted balancing: a locality's
 * weight, less what its healthy hosts can't carry.
 */
function localitiesOf<H extends Host>(hosts: readonly H[], panic: boolean): Locality<H>[] {
  return [...Map.groupBy(hosts, (host) => host.locality).values()].flatMap((members) => {
    const used = panic ? members : members.filter((host) => host.healthy);
    const able = panic ? 100 : availability({ hosts: members.length, healthy: used.length });
    const share = ((members[0]?.localityWeight ?? 0) * able) / 100;
    return share > 0 ? [{ used, share }] : [];
  });
}

/** Chooses a locality by weight, then one of its hosts by a balancer of that locality's own. */
export function localityDraw<H extends Host>(create: () => Balancer<H>, random: Random) {
  let balancers = new Map<string, Balancer<H>>();
  let turns: EdfScheduler<{ readonly balancer: Balancer<H>; readonly share: number }> | undefined;
  return {
    rebuild(hosts: readonly H[], panic: boolean, weigh: Weigh<H>, steady: boolean): void {
      const before = balancers;
      balancers = new Map();
      const shares = localitiesOf(hosts, panic).map(({ used, share }) => {
        const name = used[0]?.locality ?? '';
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
  const localities = localitiesOf(hosts, panic);
  const least = Math.min(...localities.map(({ share, used }) => share / sumOfWeights(used)));
  for (const { used, share } of localities) {
    // In units of the least: rings count their places per unit.
    const unit = share / sumOfWeights(used) / least;
    for (const host of used) weights.set(host, host.weight * unit);
  }
  return { used: [...weights.keys()], weigh: (host) => weights.get(host) ?? host.weight };
}

const sumOfWeights = (hosts: readonly Host[]): number => hosts.reduce((sum, host) => sum + host.weight, 0);
