import type { Random } from '../match.ts';
import { type Balancer, type Host, isEven, type Weigh } from './balancer.ts';
import { EdfScheduler } from './edf.ts';

/**
 * Of hosts that weigh the same `choices` are drawn and the one with the fewest requests under way is taken; of
 * equals the first drawn. Where weights differ hosts come in turn, each by weight / (requests under way + 1) ^ bias
 * (Envoy's `active_request_bias`; 0: by weight alone).
 */
export function leastRequest<H extends Host>(
  random: Random,
  choices: number,
  activeBias: number,
): Balancer<H> {
  let hosts: readonly H[] = [];
  let weighted: EdfScheduler<H> | undefined;
  const biased = (weigh: Weigh<H>): Weigh<H> => {
    if (activeBias === 0) return weigh;
    if (activeBias === 1) return (host) => weigh(host) / (host.active + 1);
    return (host) => weigh(host) / (host.active + 1) ** activeBias;
  };
  const draw = (): H | undefined => hosts[Math.floor(random() * hosts.length)];
  return {
    rebuild(next, weigh, steady) {
      hosts = next;
      weighted = steady && isEven(next, weigh) ? undefined : new EdfScheduler(next, biased(weigh), random);
    },
    pick() {
      if (weighted !== undefined) return weighted.next();
      let best = draw();
      for (let i = 1; i < choices; i++) {
        const other = draw();
        if (best !== undefined && other !== undefined && other.active < best.active) best = other;
      }
      return best;
    },
  };
}
