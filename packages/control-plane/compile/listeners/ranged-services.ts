import { compileRanges } from '@tulle/decision/address-range';
import { bySeniority } from '../../model/origin.ts';
import type { Collector } from '../clusters/collector.ts';
import { cidrRange } from '../messages/subnets.ts';
import { layerOf } from '../scope/protocol.ts';
import type { CallablePort } from '../scope/scope.ts';
import type { FilterChain } from './listener.ts';
import { bytesChains } from './outbound.ts';

type Range = ReturnType<typeof cidrRange>;

/** Whether bytes to it are told by where they were going: a prefix, or an address that several hosts share (Istio). */
export const isRanged = ({ service, port }: CallablePort): boolean =>
  (service.ranges?.length ?? 0) > 0 && layerOf(port.protocol) === 'tcp' && port.protocol !== 'tls';

/** A chain for each service of a port that has ranges. Of two that claim one the older keeps it; proxies refuse both. */
export function rangedChains(ports: readonly CallablePort[], collector: Collector): FilterChain[] {
  const taken: Range[] = [];
  return ports
    .filter(isRanged)
    .toSorted((a, b) => bySeniority(a.service, b.service))
    .flatMap(({ view, service, port }) => {
      const own = (service.ranges ?? []).map(cidrRange).filter((range) => {
        if (taken.some((other) => isSame(range, other))) return false;
        taken.push(range);
        return true;
      });
      const last = bytesChains(view, service, port, collector).at(-1);
      if (own.length === 0 || last === undefined) return [];
      return [
        {
          name: `range_${service.host}`,
          filterChainMatch: { prefixRanges: own },
          filters: last.filters ?? [],
        },
      ];
    });
}

/** Whatever bits stand behind the prefix. */
const isSame = (a: Range, b: Range): boolean =>
  a.prefixLen === b.prefixLen &&
  compileRanges([{ address: a.addressPrefix, prefixLength: a.prefixLen }])(b.addressPrefix) === a.prefixLen;
