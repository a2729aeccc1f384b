import type { Random } from '../match.ts';
import { type Balancer, type Host, isEven } from './balancer.ts';
import { EdfScheduler } from './edf.ts';

/** In turn; in proportion to weights where they differ. Starts at a random host, so that many proxies don't all start at the first. */
export function roundRobin<H extends Host>(random: Random): Balancer<H> {
  let hosts: readonly H[] = [];
  let weighted: EdfScheduler<H> | undefined;
  let at = 0;
  return {
    rebuild(next, weigh, steady) {
      const last = hosts[at];
      const kept = last === undefined ? -1 : next.indexOf(last);
      hosts = next;
      at = kept >= 0 ? kept : Math.floor(random() * next.length);
      weighted = steady && isEven(next, weigh) ? undefined : new EdfScheduler(next, weigh, random);
    },
    pick() {
      if (weighted !== undefined) return weighted.next();
      at = at + 1 < hosts.length ? at + 1 : 0;
      return hosts[at];
    },
  };
}
