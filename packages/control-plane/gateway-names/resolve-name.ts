import { lookup, Resolver } from 'node:dns/promises';
import type { Fetched } from '../fetched/fetched-book.ts';
import { isForbidden } from '../fetched/forbidden-address.ts';

/** Istio's bounds on how long an answer holds: a short one would have all proxies told all the time. */
const minFreshMs = 30_000;
const maxFreshMs = 3_600_000;
/** Of more addresses the first ones, sorted: each is an endpoint of every service behind the gateway. */
const maxAddresses = 64;
/** For one server of resolv.conf, doubled with each of the tries. */
const timeoutMs = 2_000;
const tries = 2;

/** What answers questions about names. */
export interface NameServers {
  /** By DNS, with the seconds that answers hold. */
  ask(name: string, family: 4 | 6, closing: AbortSignal): Promise<readonly Answer[]>;
  /** As this machine does for its programs: its hosts file, its search domains. */
  lookUp(name: string): Promise<readonly string[]>;
}

interface Answer {
  readonly address: string;
  readonly ttl: number;
}

/** @param servers `address:port`; absent: those of resolv.conf */
export const systemNames = (servers?: readonly string[]): NameServers => ({
  async ask(name, family, closing) {
    const resolver = new Resolver({ timeout: timeoutMs, tries });
    if (servers !== undefined) resolver.setServers(servers);
    const cancel = (): void => resolver.cancel();
    closing.addEventListener('abort', cancel);
    try {
      return await (family === 4
        ? resolver.resolve4(name, { ttl: true })
        : resolver.resolve6(name, { ttl: true }));
    } finally {
      closing.removeEventListener('abort', cancel);
    }
  },
  lookUp: async (name) => (await lookup(name, { all: true })).map(({ address }) => address),
});

/**
 * The addresses of a name, sorted: those of DNS, both families; what that does not know (`localhost`, a hosts file) as this
 * machine has it.
 * @throws Error saying why there are none
 */
export async function resolveName(
  name: string,
  names: NameServers,
  closing: AbortSignal,
): Promise<Fetched<readonly string[]>> {
  // RFC 6761: nobody else is asked for it.
  const isLocal = name === 'localhost' || name.endsWith('.localhost');
  const families = isLocal ? [] : ([4, 6] as const);
  const answered = await Promise.allSettled(families.map((family) => names.ask(name, family, closing)));
  const answers = answered.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
  if (answers.length > 0) {
    const seconds = Math.min(...answers.map(({ ttl }) => ttl));
    const freshMs = Math.min(Math.max(seconds * 1_000, minFreshMs), maxFreshMs);
    return {
      value: allowed(
        name,
        answers.map(({ address }) => address),
      ),
      freshMs,
    };
  }
  closing.throwIfAborted();
  return { value: allowed(name, await names.lookUp(name)), freshMs: minFreshMs };
}

function allowed(name: string, addresses: readonly string[]): readonly string[] {
  const found = [...new Set(addresses)].filter((address) => !isForbidden(address)).toSorted();
  if (found.length === 0)
    throw new Error(
      addresses.length === 0 ? 'it has no address' : `${name} is at ${addresses[0]}, which is nobody’s`,
    );
  return found.slice(0, maxAddresses);
}
