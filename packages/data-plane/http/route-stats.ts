import type { StreamInfo } from './stream-info.ts';

/** What was forwarded by routes of one name, as Envoy's `vhost.<virtual host>.route.<stat_prefix>.…`. */
class RouteCounters {
  total = 0;
  /** By hundreds of the status, 1 to 5. */
  readonly classes = [0, 0, 0, 0, 0, 0];
  timeouts = 0;
  retries = 0;
  retryLimitExceeded = 0;
}

/** The counters of routes that ask for some of their own (`stat_prefix`); shared over epochs. One per proxy. */
export class RouteStats {
  readonly #hosts = new Map<string, Map<string, RouteCounters>>();

  /** A forwarded request is over. */
  count(statPrefix: string, info: StreamInfo): void {
    const counters = this.#of(info.virtualHost, statPrefix);
    counters.total++;
    counters.retries += info.attempts - 1;
    if (info.flags.includes('UT')) counters.timeouts++;
    if (info.flags.includes('URX')) counters.retryLimitExceeded++;
    const hundreds = Math.floor(info.status / 100);
    if (hundreds >= 1 && hundreds <= 5)
      counters.classes[hundreds] = (counters.classes[hundreds] as number) + 1;
  }

  *[Symbol.iterator](): IterableIterator<
    readonly [virtualHost: string, statPrefix: string, counters: RouteCounters]
  > {
    for (const [virtualHost, routes] of this.#hosts)
      for (const [statPrefix, counters] of routes) yield [virtualHost, statPrefix, counters];
  }

  #of(virtualHost: string, statPrefix: string): RouteCounters {
    const routes = this.#hosts.get(virtualHost) ?? new Map<string, RouteCounters>();
    const counters = routes.get(statPrefix) ?? new RouteCounters();
    this.#hosts.set(virtualHost, routes.set(statPrefix, counters));
    return counters;
  }
}
