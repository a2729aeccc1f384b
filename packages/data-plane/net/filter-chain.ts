import type { RangeRank } from '@tulle/decision/address-range';
import type { FilterChain, Listener } from '@tulle/decision/tables/listener';
import type { ConnectionAddresses } from './addresses.ts';
import type { Inspection } from './sniffing/sniff.ts';

/** What ruled a chain out: it does not match there, or another one is more specific. */
export type ChainStep =
  | 'destinationPort'
  | 'destinations'
  | 'serverNames'
  | 'transportProtocol'
  | 'applicationProtocols'
  | 'sources';

/** Hears of each chain that is ruled out; for explanations. */
export type ChainTrace = (chain: FilterChain, step: ChainStep, matches: boolean) => void;

/**
 * The filter chain that serves a connection, by Envoy's rules (FilterChainMatch): at each step only the
 * chains with the most specific match go on (destination port and address, server name, then transport, then
 * application protocol, then the client's address), and there is no way back to a less specific one. Undefined: the
 * connection is refused.
 * @param ends where the client called, and from where
 */
export function chooseFilterChain(
  listener: Listener,
  inspection: Inspection,
  ends: Pick<ConnectionAddresses, 'localAddress' | 'localPort' | 'remoteAddress'>,
  trace?: ChainTrace,
): FilterChain | undefined {
  let chains = listener.filterChains;
  const keep = (step: ChainStep, rank: (match: FilterChain['match']) => number): void => {
    const before = chains;
    chains = mostSpecific(before, ({ match }) => rank(match));
    if (trace !== undefined)
      for (const chain of before) if (!chains.includes(chain)) trace(chain, step, rank(chain.match) >= 0);
  };
  keep('destinationPort', ({ destinationPort }) => {
    if (destinationPort === undefined) return 0;
    return destinationPort === ends.localPort ? 1 : -1;
  });
  keep('destinations', ({ destinations }) => rangeRank(destinations, ends.localAddress));
  keep('serverNames', ({ serverNames }) => serverNameRank(serverNames, inspection.serverName));
  keep('transportProtocol', ({ transportProtocol }) => {
    if (transportProtocol === '') return 0;
    return transportProtocol === inspection.transport ? 1 : -1;
  });
  const { protocols } = inspection;
  keep('applicationProtocols', ({ applicationProtocols }) => {
    if (applicationProtocols.length === 0) return 0;
    // The client names what it likes best first.
    const place = protocols.findIndex((protocol) => applicationProtocols.includes(protocol));
    return place < 0 ? -1 : protocols.length - place;
  });
  keep('sources', ({ sources }) => rangeRank(sources, ends.remoteAddress));
  return chains[0] ?? listener.defaultFilterChain;
}

/** Any address is less specific than a range, be it of all addresses. */
function rangeRank(ranges: RangeRank | undefined, address: string): number {
  if (ranges === undefined) return 0;
  const bits = ranges(address);
  return bits < 0 ? -1 : bits + 1;
}

/** Chains of the highest rank; a rank below 0 is no match. */
function mostSpecific(chains: readonly FilterChain[], rank: (chain: FilterChain) => number): FilterChain[] {
  let best: FilterChain[] = [];
  let highest = 0;
  for (const chain of chains) {
    const own = rank(chain);
    if (own < highest) continue;
    if (own > highest) best = [];
    highest = own;
    best.push(chain);
  }
  return best;
}

/** Whether a chain of these server names is for `name` (lower case). */
export function coversServerName(patterns: readonly string[], name: string): boolean {
  return serverNameRank(patterns, name) >= 0;
}

/** -1: no match; 0: any name; longer suffixes rank higher, an exact name highest. */
function serverNameRank(patterns: readonly string[], name: string): number {
  if (patterns.length === 0) return 0;
  let rank = -1;
  for (const pattern of patterns) {
    if (pattern === name) return Number.MAX_SAFE_INTEGER;
    if (pattern === '*') rank = Math.max(rank, 0);
    else if (
      pattern.startsWith('*.') &&
      name.endsWith(pattern.slice(1)) &&
      name.length > pattern.length - 1
    ) {
      rank = Math.max(rank, pattern.length);
    }
  }
  return rank;
}
