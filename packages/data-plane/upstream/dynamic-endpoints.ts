import { isIP } from 'node:net';
import { formatAuthority } from '@tulle/decision/authority';
import type { DnsCache } from './dns.ts';
import { EndpointState } from './endpoint.ts';
import { type OwnListeners, reachesItself } from './own-address.ts';

/** Endpoints that requests themselves name. Each lives while it has connections. */
export class DynamicEndpoints {
  readonly #dns: DnsCache;
  readonly #own: OwnListeners;
  readonly #byKey = new Map<string, EndpointState>();

  constructor(dns: DnsCache, own: OwnListeners) {
    this.#dns = dns;
    this.#own = own;
  }

  get list(): readonly EndpointState[] {
    return [...this.#byKey.values()];
  }

  /** Undefined: the destination is the proxy itself, as far as an address tells; a name is judged once resolved. */
  get(host: string, port: number): EndpointState | undefined {
    const key = formatAuthority(host, port);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    if (reachesItself(host, port, this.#own)) return undefined;
    const refuse = (address: string): string | undefined =>
      reachesItself(address, port, this.#own) ? `${host} is this proxy itself` : undefined;
    const target = isIP(host) === 0 ? { host, port, lookup: this.#dns.lookup(refuse) } : { host, port };
    const endpoint = new EndpointState(
      {
        address: host,
        port,
        weight: 1,
        priority: 0,
        locality: '',
        localityWeight: 0,
        health: 'healthy',
        transport: {},
      },
      target,
    );
    this.#byKey.set(key, endpoint);
    return endpoint;
  }

  release(endpoint: EndpointState): void {
    if (this.#byKey.get(endpoint.key) === endpoint) this.#byKey.delete(endpoint.key);
  }
}
