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

const tries = 1_200;

/** Who could serve an outcome, and how likely; measured on the balancer itself, so that it holds for all of them. */
export function endpointChances(proxy: DryProxy, cluster: ClusterState, outcome: Outcome): EndpointChance[] {
  const counts = new Map<string, number>();
  for (let at = 0; at < tries; at++) {
    proxy.draw = draws(at);
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

const primes = [2, 3, 5, 7, 11, 13, 17, 19];

/**
 * The draws of one try: points of Richtmyer's sequence, a dimension per draw. They fill the square evenly, so that
 * so few tries are off by a percent at most, and are the same each time.
 */
function draws(at: number): () => number {
  let dimension = 0;
  return () => {
    const prime = primes[dimension++ % primes.length] as number;
    return (0.5 + at * Math.sqrt(prime)) % 1;
  };
}
