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
  let owners: H[] = [];
  return {
    rebuild(hosts, weigh) {
      if (hosts.length === 0) {
        points = new Uint32Array();
        owners = [];
        return;
      }
      const least = Math.min(...hosts.map(weigh));
      const total = hosts.reduce((sum, host) => sum + weigh(host) / least, 0);
      const places = placesOfLightest(total, minRingSize, maxRingSize);
      const ring = hosts.flatMap((host) => {
        const copies = Math.max(1, Math.round((weigh(host) / least) * places));
        return Array.from({ length: copies }, (_, copy) => ({ point: hash32(`${host.key}_${copy}`), host }));
      });
      ring.sort((a, b) => a.point - b.point || (a.host.key < b.host.key ? -1 : 1));
      points = Uint32Array.from(ring, (entry) => entry.point);
      owners = ring.map((entry) => entry.host);
    },
    pick(hash = Math.floor(random() * 2 ** 32)) {
      let [low, high] = [0, points.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((points[middle] as number) < hash) low = middle + 1;
        else high = middle;
      }
      return owners[low] ?? owners[0];
    },
  };
}
