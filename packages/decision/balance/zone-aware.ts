import type { ZoneAware } from '../tables/cluster.ts';
import type { Host } from './balancer.ts';
import type { Part, Split } from './localities.ts';

/** What of a host counts here. */
export type Located = Pick<Host, 'locality' | 'healthy'>;

/** The service that a proxy calls for. */
export interface Callers {
  /** Where the proxy itself is: `region/zone/subzone`; empty: it does not know. */
  readonly locality: string;
  /** All its instances, the proxy's own too. */
  readonly instances: readonly Located[];
}

/**
 * Envoy's zone aware routing: requests stay in the caller's zone as long as every host gets about the same number.
 * Each zone's share of healthy callers is held against its share of healthy hosts. Where the own zone has at least as
 * large a part of the hosts, all requests stay; else as many as its hosts are for, and the rest goes to zones with more
 * hosts than callers, in proportion to what they have to spare. A zone is a whole locality.
 *
 * @returns shares by zone, adding up to 1. Undefined: zones don't count, for either side has but one, there are fewer
 * than `minHosts` healthy hosts, no caller is known where the proxy is, or too many callers are ill
 * @see https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/zone_aware
 */
export function zoneShares(
  hosts: readonly Located[],
  { locality: own, instances }: Callers,
  minHosts: number,
  panicPercent: number,
): ReadonlyMap<string, number> | undefined {
  const serving = healthyByZone(hosts);
  const calling = healthyByZone(instances);
  if (own === '' || serving.size < 2 || calling.size < 2 || !calling.has(own)) return undefined;
  const servers = sum(serving.values());
  const callers = sum(calling.values());
  if (servers === 0 || servers < minHosts || (callers / instances.length) * 100 < panicPercent)
    return undefined;
  const supply = (zone: string): number => (serving.get(zone) ?? 0) / servers;
  const demand = (zone: string): number => (callers === 0 ? 0 : (calling.get(zone) ?? 0) / callers);
  if (supply(own) > 0 && supply(own) >= demand(own)) return new Map([[own, 1]]);
  const direct = demand(own) === 0 ? 0 : supply(own) / demand(own);
  const others = [...serving.keys()].filter((zone) => zone !== own && supply(zone) > 0);
  const spare = others.map((zone) => Math.max(0, supply(zone) - demand(zone)));
  const total = sum(spare);
  const shares = others.map((zone, at): [string, number] => [
    zone,
    // Nobody has anything to spare, when the own zone's callers are all ill: to any.
    (1 - direct) * (total === 0 ? 1 / others.length : (spare[at] as number) / total),
  ]);
  return new Map([[own, direct] as const, ...shares].filter(([, share]) => share > 0));
}

/** Parts a priority's hosts by zone; all are one part where zones don't count. */
export function byZone(
  { percent, minHosts }: ZoneAware,
  panicPercent: number,
  callers: () => Callers,
): Split {
  return <H extends Host>(hosts: readonly H[], panic: boolean): Part<H>[] => {
    if (panic) return whole(hosts, 1);
    const able = hosts.filter(({ healthy }) => healthy);
    const shares = zoneShares(hosts, callers(), minHosts, panicPercent);
    if (shares === undefined) return whole(able, 1);
    const zones = [...shares].map(([name, share]) => ({
      name,
      used: able.filter(({ locality }) => locality === name),
      share: (share * percent) / 100,
    }));
    return percent < 100 ? [...zones, ...whole(able, 1 - percent / 100)] : zones;
  };
}

/** Its name is none of a locality. */
const whole = <H extends Host>(used: readonly H[], share: number): Part<H>[] => [{ name: '*', used, share }];

/** Zones with none that are healthy, too. */
function healthyByZone(all: readonly Located[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { locality, healthy } of all)
    counts.set(locality, (counts.get(locality) ?? 0) + (healthy ? 1 : 0));
  return counts;
}

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((total, each) => total + each, 0);
