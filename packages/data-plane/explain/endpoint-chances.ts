import type { Endpoint } from '@tulle/decision/tables/endpoint';
import type { ClusterState } from '../upstream/cluster.ts';
import { chooseTransport } from '../upstream/transport.ts';
import type { Outcome } from './decision.ts';
import type { DryProxy } from './dry-proxy.ts';

export interface EndpointChance {
  readonly address: string;
  readonly endpoint: Endpoint;
  /** From 0 to 1: how often the proxy's own balancer chose it in so many tries as `tries`, or always by its hash. */
  readonly chance: number;
  readonly security: 'mTLS' | 'TLS' | 'plain text';
}

/** Off by at most 3.4 percentage points in 999 of 1,000 cases (binomial, three and a third deviations of 1/2). */
const tries = 2_400;

/** Who could serve an outcome, and how likely; measured on the balancer itself, so that it holds for all of them. */
export function endpointChances(proxy: DryProxy, cluster: ClusterState, outcome: Outcome): EndpointChance[] {
  const counts = new Map<string, number>();
  proxy.draw = draws();
  for (let at = 0; at < tries; at++) {
    const chosen = outcome.again();
    counts.set(chosen, (counts.get(chosen) ?? 0) + 1);
  }
  proxy.draw = () => 0;
  return [...cluster.endpoints].map(({ key, config }) => ({
    address: key,
    endpoint: config,
    chance: (counts.get(key) ?? 0) / tries,
    security: securityOf(cluster, config),
  }));
}

function securityOf(cluster: ClusterState, endpoint: Endpoint): EndpointChance['security'] {
  const { tls } = chooseTransport(cluster.config, endpoint);
  if (tls === undefined) return 'plain text';
  return tls.certificateSecret === undefined ? 'TLS' : 'mTLS';
}

/** The same numbers each time: mulberry32. */
function draws(): () => number {
  let state = 1;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
