/** What balancing looks at; an endpoint's runtime state is one. */
export interface Host {
  /** `address:port`: the identity that hashing stands on. */
  readonly key: string;
  /** At least 1. */
  readonly weight: number;
  readonly priority: number;
  /** `region/zone/subzone`, or empty. */
  readonly locality: string;
  /** Of its whole locality against others of its priority; 0: it gets nothing where localities are weighted. */
  readonly localityWeight: number;
  /** Requests under way. */
  readonly active: number;
  /** Healthy and not ejected. */
  readonly healthy: boolean;
  /** Since when it serves, on the clock that the balancer is given; milliseconds. */
  readonly since: number;
}

/** A host's share against others', above 0: its weight, or part of it. Read again at each turn of a host. */
export type Weigh<H extends Host> = (host: H) => number;

/**
 * Picks among hosts that are all acceptable. A new set of hosts or weights comes by `rebuild`, which keeps
 * what it can of the position; `active` is read at each pick.
 */
export interface Balancer<H extends Host> {
  /** @param steady what `weigh` says of a host stays the same until the next call */
  rebuild(hosts: readonly H[], weigh: Weigh<H>, steady: boolean): void;
  /** `hash`: of what the route's hash policy names. Undefined when there is no host. */
  pick(hash?: number): H | undefined;
}

/** Whether all hosts weigh the same. */
export function isEven<H extends Host>(hosts: readonly H[], weigh: Weigh<H>): boolean {
  const [first] = hosts;
  if (first === undefined) return true;
  const weight = weigh(first);
  return hosts.every((host) => weigh(host) === weight);
}
