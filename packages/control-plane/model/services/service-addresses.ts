import { createHash } from 'node:crypto';
import { isIPv4 } from '@tulle/resources/schema/ip';
import { bySeniority } from '../origin.ts';
import { isForwarded, type Service } from './service.ts';

/** A range of IPv4 addresses: the first and how many. */
interface Range {
  readonly first: number;
  readonly size: number;
}

/**
 * The addresses under which captured applications find each service, by its key: those that its resource names,
 * else one of `range` (CIDR). As Istio, none for wildcards and for hosts that are reached as they are (NONE).
 *
 * An address is a hash of the service's key, so it stays over restarts and whatever else comes and goes; where two
 * meet, the younger moves on, so what is added never takes an address from what was there.
 */
export function serviceAddresses(
  services: readonly Service[],
  range: string,
): ReadonlyMap<string, readonly string[]> {
  const { first, size } = parseRange(range);
  const given = new Map<string, readonly string[]>();
  const taken = new Set(services.flatMap(({ addresses }) => addresses));
  for (const service of services.toSorted(bySeniority)) {
    const named = service.addresses.filter((address) => !isUnspecified(address));
    if (named.length > 0) given.set(service.key, named);
    else if (isAddressable(service)) {
      const address = freeAddress(service.key, first, size, taken);
      if (address === undefined) continue;
      taken.add(address);
      given.set(service.key, [address]);
    }
  }
  return given;
}

/** `0.0.0.0` and `::` stand for every address: they are nobody's own. */
const isUnspecified = (address: string): boolean => /^[0:.]+$/.test(address);

const isAddressable = (service: Service): boolean =>
  !service.host.includes('*') && !isForwarded(service) && !isIPv4(service.host);

/** The network's own and its broadcast address are left out. Undefined: the range is used up. */
function freeAddress(
  key: string,
  first: number,
  size: number,
  taken: ReadonlySet<string>,
): string | undefined {
  const hosts = size - 2;
  const start = createHash('sha256').update(key).digest().readUInt32BE(0) % hosts;
  for (let step = 0; step < hosts; step++) {
    const address = format(first + 1 + ((start + step) % hosts));
    if (!taken.has(address)) return address;
  }
  return undefined;
}

/** @param cidr IPv4, at most /30; validated with the Mesh. */
function parseRange(cidr: string): Range {
  const [address = '', bits] = cidr.split('/');
  const size = 2 ** (32 - Number(bits));
  const number = address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
  return { first: number - (number % size), size };
}

const format = (number: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
