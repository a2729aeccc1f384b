import type { Endpoint } from '@tulle/decision/tables/endpoint';
import type { Timer, TimerWheel } from '../timers/wheel.ts';
import type { Address, DnsCache } from './dns.ts';

/** Envoy's default dns_refresh_rate. */
const defaultRefreshMs = 5_000;

/** Turns endpoints that are names into one endpoint per address, again and again. */
export class StrictDns {
  readonly #dns: DnsCache;
  readonly #onResolved: (endpoints: readonly Endpoint[]) => void;
  readonly #timer: Timer;
  #named: readonly Endpoint[] = [];
  readonly #found = new Map<string, readonly Address[]>();
  #last = '';
  #stopped = false;
  #refreshMs: number | undefined = undefined;

  constructor(dns: DnsCache, wheel: TimerWheel, onResolved: (endpoints: readonly Endpoint[]) => void) {
    this.#dns = dns;
    this.#onResolved = onResolved;
    this.#timer = wheel.timer(() => this.#refresh());
  }

  /** @param refreshMs how often they are looked up again; undefined: as often as answers are not kept */
  watch(endpoints: readonly Endpoint[], refreshMs?: number): void {
    this.#named = endpoints;
    this.#refreshMs = refreshMs;
    this.#last = '';
    this.#refresh();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer.stop();
  }

  #refresh(): void {
    // Answers take their time: what another cluster has just asked for will do, what was asked for last time will not.
    const maxAge = this.#refreshMs === undefined ? undefined : this.#refreshMs / 2;
    for (const host of new Set(this.#named.map(({ address }) => address))) {
      this.#dns.resolve(
        host,
        (_error, addresses) => {
          // A name that is not found for a moment keeps what it had.
          if (addresses.length > 0) this.#found.set(host, addresses);
          if (!this.#stopped) this.#publish();
        },
        maxAge,
      );
    }
    if (!this.#stopped) this.#timer.start(this.#refreshMs ?? defaultRefreshMs);
  }

  #publish(): void {
    const seen = new Set<string>();
    const endpoints = this.#named.flatMap((named) =>
      (this.#found.get(named.address) ?? []).flatMap(({ address }) => {
        const key = `${address} ${named.port}`;
        if (seen.has(key)) return [];
        seen.add(key);
        return [{ ...named, address }];
      }),
    );
    const keys = [...seen].sort().join();
    if (keys === this.#last) return;
    this.#last = keys;
    this.#onResolved(endpoints);
  }
}
