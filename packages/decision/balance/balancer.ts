/** What balancing looks at; an endpoint's runtime state is one. */
export interface Host {
  /** `address:port`: the identity that hashing stands on. */
  readonly key: string;
  /** At least 1. */
  readonly weight: number;
  readonly priority: number;
  /** Requests under way. */
  readonly active: number;
  /** Healthy and not ejected. */
  readonly healthy: boolean;
}

/**
 * Picks among hosts that are all acceptable. A new set of hosts or weights comes by `rebuild`, which keeps
 * what it can of the position; `active` is read at each pick.
 */
export interface Balancer<H extends Host> {
  rebuild(hosts: readonly H[]): void;
  /** `hash`: of what the route's hash policy names. Undefined when there is no host. */
  pick(hash?: number): H | undefined;
}
