import type { Random } from '../match.ts';
import type { Balancer, Host } from './balancer.ts';
import { hash32 } from './hash.ts';

/** Consistent hashing: a host that comes or goes moves only its share of the keys. Without a hash: random. */
export function ringHash<H extends Host>(
  random: Random,
  minRingSize: number,
  maxRingSize: number,
): Balancer<H> {
  let points = new Uint32Array();
  let owners: H[] = [];
  return {
    rebuild(hosts) {
      if (hosts.length === 0) {
        points = new Uint32Array();
        owners = [];
        return;
      }
      // Points per unit of weight in powers of two, so that a host more or less seldom changes the others' points.
      const total = hosts.reduce((sum, host) => sum + host.weight, 0);
      let unit = 256;
      while (unit * total < minRingSize) unit *= 2;
      while (unit * total > maxRingSize && unit > 1 / 1024) unit /= 2;
      const ring = hosts.flatMap((host) => {
        const copies = Math.max(1, Math.round(host.weight * unit));
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
