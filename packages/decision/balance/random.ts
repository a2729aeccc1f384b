import type { Random } from '../match.ts';
import type { Balancer, Host } from './balancer.ts';
import { WeightedDraw } from './weighted-draw.ts';

/** Any host, in proportion to its weight. */
export function randomChoice<H extends Host>(random: Random): Balancer<H> {
  let draw: WeightedDraw<H> | undefined;
  return {
    rebuild(hosts, weigh) {
      draw = new WeightedDraw(hosts, weigh);
    },
    pick: () => draw?.draw(random()),
  };
}
