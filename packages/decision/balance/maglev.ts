import type { Random } from '../match.ts';
import type { Balancer, Host } from './balancer.ts';
import { hash32 } from './hash.ts';

/**
 * Consistent hashing by a table (Eisenbud et al., Maglev, NSDI 2016, section 3.4): each host in turn takes the next
 * free place of a permutation of its own, so that places are shared out nearly exactly by weight. A host that comes
 * or goes moves its share of the keys, and few others. Without a hash: random.
 *
 * @param tableSize a prime
 */
export function maglev<H extends Host>(random: Random, tableSize: number): Balancer<H> {
  let owners: readonly H[] = [];
  /** Place ⇒ index of its owner. */
  let table = new Uint32Array();
  return {
    rebuild(hosts, weigh) {
      // By key: every proxy has the same table, in whatever order it was told of the hosts.
      owners = hosts.toSorted((a, b) => (a.key < b.key ? -1 : 1));
      table = owners.length === 0 ? new Uint32Array() : fill(owners, owners.map(weigh), tableSize);
    },
    pick(hash = Math.floor(random() * 2 ** 32)) {
      return owners[table[hash % table.length] ?? 0];
    },
  };
}

const free = 0xffffffff;

function fill(hosts: readonly Host[], weights: readonly number[], size: number): Uint32Array<ArrayBuffer> {
  const table = new Uint32Array(size).fill(free);
  const places = Float64Array.from(hosts, ({ key }) => hash32(key) % size);
  const skips = Float64Array.from(hosts, ({ key }) => (hash32(key, 1) % (size - 1)) + 1);
  const heaviest = Math.max(...weights);
  // A host takes a place when its credit is whole: the heaviest in each round, others in proportion.
  const credits = new Float64Array(hosts.length);
  for (let left = size; left > 0; ) {
    for (let host = 0; host < hosts.length && left > 0; host++) {
      credits[host] = (credits[host] as number) + (weights[host] as number) / heaviest;
      // Sums of fractions miss a whole by a little.
      if ((credits[host] as number) < 1 - 1e-9) continue;
      credits[host] = (credits[host] as number) - 1;
      const skip = skips[host] as number;
      let place = places[host] as number;
      while (table[place] !== free) place = (place + skip) % size;
      table[place] = host;
      places[host] = (place + skip) % size;
      left--;
    }
  }
  return table;
}
