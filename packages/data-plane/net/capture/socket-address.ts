import { endianness } from 'node:os';

/** Where a connection was going before it was redirected. */
export interface Destination {
  readonly address: string;
  readonly port: number;
}

/** Room for a `struct sockaddr_in6`, the longer of the two. */
export const socketAddressBytes = 28;

const AF_INET = 2;
const AF_INET6 = 10;

/**
 * Reads Linux's `struct sockaddr_in` or `sockaddr_in6`: the family in the machine's byte order, port and address
 * in the network's (ip(7), ipv6(7)). IPv4 within IPv6 is IPv4. Undefined: another family.
 */
export function readSocketAddress(bytes: Buffer): Destination | undefined {
  const family = endianness() === 'LE' ? bytes.readUInt16LE(0) : bytes.readUInt16BE(0);
  const port = bytes.readUInt16BE(2);
  if (family === AF_INET) return { address: bytes.subarray(4, 8).join('.'), port };
  if (family !== AF_INET6) return undefined;
  const address = bytes.subarray(8, 24);
  const isMapped = address.subarray(0, 10).every((byte) => byte === 0) && address.readUInt16BE(10) === 0xffff;
  return { address: isMapped ? address.subarray(12).join('.') : formatIpv6(address), port };
}

/** RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups as `::`. */
function formatIpv6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(at * 2).toString(16));
  let best = { start: 0, length: 0 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (groups[start + length] === '0') length++;
    if (length > best.length) best = { start, length };
  }
  if (best.length < 2) return groups.join(':');
  return `${groups.slice(0, best.start).join(':')}::${groups.slice(best.start + best.length).join(':')}`;
}
