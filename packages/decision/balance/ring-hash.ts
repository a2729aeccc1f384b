import type { Random } from '../match.ts';
import type { Balancer, Host } from './balancer.ts';
import { hash32 } from './hash.ts';

/** From two hosts on a ring has its least size. More places make shares more even, and changes dearer. */
const fewestPlaces = 256;
const manyPlaces = 65_536;

/**
 * Places of the lightest of hosts that together weigh `total` times as much. The number does not follow that of the
 * hosts, as it does with Envoy's, where each host that goes gives all others new places and so moves keys that could
 * stay: it is halved where a ring would become large (for equal hosts and Istio's default size, beyond 128 of them).
 */
function placesOfLightest(total: number, minRingSize: number, maxRingSize: number): number {
  let places = fewestPlaces;
  while (places * 2 < minRingSize) places *= 2;
  const most = Math.min(maxRingSize, Math.max(manyPlaces, minRingSize * 2));
  while (places * total > most && places > 1 / 1024) places /= 2;
  return places;
}

/** Consistent hashing: a host that comes or goes moves only its share of the keys. Without a hash: random. */
export function ringHash<H extends Host>(
  random: Random,
  minRingSize: number,
  maxRingSize: number,
): Balancer<H> {
  let points = new Uint32Array();
  /** Place ⇒ index of its owner. */
  let places = new Uint32Array();
  let owners: readonly H[] = [];
  return {
    rebuild(hosts, weigh) {
      // By key: every proxy has the same ring, in whatever order it was told of the hosts.
      owners = hosts.toSorted((a, b) => (a.key < b.key ? -1 : 1));
      const ring = pointsOf(owners, owners.map(weigh), minRingSize, maxRingSize);
      points = Uint32Array.from(ring, (place) => place / owned);
      places = Uint32Array.from(ring, (place) => place % owned);
    },
    pick(hash = Math.floor(random() * 2 ** 32)) {
      let [low, high] = [0, points.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((points[middle] as number) < hash) low = middle + 1;
        else high = middle;
      }
      return owners[places[low] ?? places[0] ?? 0];
    },
  };
}

/** A place is one number, point × 2²¹ + index of its owner, so that all are sorted as numbers. */
const owned = 2 ** 21;

function pointsOf(
  hosts: readonly Host[],
  weights: readonly number[],
  minRingSize: number,
  maxRingSize: number,
): Float64Array {
  const least = Math.min(...weights);
  const total = weights.reduce((sum, weight) => sum + weight / least, 0);
  const unit = placesOfLightest(total, minRingSize, maxRingSize);
  const copies = weights.map((weight) => Math.max(1, Math.round((weight / least) * unit)));
  const ring = new Float64Array(copies.reduce((sum, count) => sum + count, 0));
  let at = 0;
  for (const [index, { key }] of hosts.entries()) {
    for (let copy = 0; copy < (copies[index] as number); copy++)
      ring[at++] = hash32(`${key}_${copy}`) * owned + index;
  }
  return ring.sort();
}
