import type { Random } from '../match.ts';
import type { BalancerPolicy } from '../tables/cluster.ts';
import type { Balancer, Host } from './balancer.ts';
import { leastRequest } from './least-request.ts';
import { maglev } from './maglev.ts';
import { randomChoice } from './random.ts';
import { ringHash } from './ring-hash.ts';
import { roundRobin } from './round-robin.ts';

/** One line per policy. `cluster-provided` clusters do not balance: their one host is what the request names. */
export function createBalancer<H extends Host>(policy: BalancerPolicy, random: Random): Balancer<H> {
  switch (policy.kind) {
    case 'round-robin':
    case 'utilization':
      return roundRobin(random);
    case 'least-request':
      return leastRequest(random, policy.choices, policy.activeBias);
    case 'random':
    case 'cluster-provided':
      return randomChoice(random);
    case 'ring-hash':
      return ringHash(random, policy.minRingSize, policy.maxRingSize);
    case 'maglev':
      return maglev(random, policy.tableSize);
  }
}

/** Whether requests go by a hash of what they are about. */
export const isHashing = ({ kind }: BalancerPolicy): boolean => kind === 'ring-hash' || kind === 'maglev';
