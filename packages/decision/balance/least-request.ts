import type { Random } from '../match.ts';
import type { Balancer, Host } from './balancer.ts';
import { WeightedDraw } from './weighted-draw.ts';

/**
 * Draws `choices` hosts by weight and takes the one with the fewest requests under way per weight; of
 * equals the first drawn, so that an idle cluster is used in proportion to weights.
 */
export function leastRequest<H extends Host>(random: Random, choices: number): Balancer<H> {
  let draw = new WeightedDraw<H>([]);
  return {
    rebuild(hosts) {
      draw = new WeightedDraw(hosts);
    },
    pick() {
      let best = draw.draw(random());
      for (let i = 1; i < choices; i++) {
        const other = draw.draw(random());
        if (
          best !== undefined &&
          other !== undefined &&
          other.active * best.weight < best.active * other.weight
        )
          best = other;
      }
      return best;
    },
  };
}
