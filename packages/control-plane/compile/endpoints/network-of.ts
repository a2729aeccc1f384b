import { compileRanges } from '@tulle/decision/address-range';
import type { NetworkConfig } from '../../model/mesh/networks.ts';
import { compare } from '../../model/origin.ts';
import { networkLabel, type Place } from '../../model/traffic/locality.ts';
import { cached } from '../messages/cached.ts';

/** Who is in a network. */
export interface Inhabitant extends Place {
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Where somebody is by what they do not say themselves. */
type Placed = (one: Pick<Inhabitant, 'cluster' | 'address'>) => string;

const known = new WeakMap<NetworkConfig, Placed>();

/** The network of an instance or a proxy; empty: it is in all of them. What it says of itself comes first (Istio). */
export const networkOf = (config: NetworkConfig, one: Inhabitant): string =>
  one.network ||
  one.labels[networkLabel] ||
  config.own ||
  cached(known, config, () => placed(config.written))(one);

/** By the cluster, then by the longest prefix of the address. */
function placed(written: NetworkConfig['written']): Placed {
  const clusters = new Map<string, string>();
  const ranges: { readonly name: string; readonly rank: (address: string) => number }[] = [];
  for (const [name, { endpoints = [] }] of Object.entries(written).toSorted(([a], [b]) => compare(a, b)))
    for (const { fromRegistry, fromCidr } of endpoints) {
      if (fromRegistry !== undefined && !clusters.has(fromRegistry)) clusters.set(fromRegistry, name);
      if (fromCidr === undefined) continue;
      const [address = '', bits = address.includes(':') ? '128' : '32'] = fromCidr.split('/');
      ranges.push({ name, rank: compileRanges([{ address, prefixLength: Number(bits) }]) });
    }
  return ({ cluster, address }) => {
    const byCluster = clusters.get(cluster);
    if (byCluster !== undefined || ranges.length === 0) return byCluster ?? '';
    let best = { name: '', bits: -1 };
    for (const { name, rank } of ranges) {
      const bits = rank(address);
      if (bits > best.bits) best = { name, bits };
    }
    return best.name;
  };
}
