import type { FilterChain, Listener } from '@tulle/decision/tables/listener';
import type { Inspection } from './sniff.ts';

/** What ruled a chain out: it does not match there, or another one is more specific. */
export type ChainStep = 'destinationPort' | 'serverNames' | 'transportProtocol' | 'applicationProtocols';

/** Hears of each chain that is ruled out; for explanations. */
export type ChainTrace = (chain: FilterChain, step: ChainStep, matches: boolean) => void;

/**
 * The filter chain that serves a connection, by Envoy's rules (FilterChainMatch): at each step only the
 * chains with the most specific match go on (destination port, server name, then transport, then application
 * protocol), and there is no way back to a less specific one. Undefined: the connection is refused.
 * @param port the one that the client called
 */
export function chooseFilterChain(
  listener: Listener,
  inspection: Inspection,
  port: number,
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
    return destinationPort === port ? 1 : -1;
  });
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
  return chains[0] ?? listener.defaultFilterChain;
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
