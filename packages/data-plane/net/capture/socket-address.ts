import { endianness } from 'node:os';
import { addressIn } from '../address-bytes.ts';

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
  if (family === AF_INET) return { address: addressIn(bytes.subarray(4, 8)), port };
  if (family !== AF_INET6) return undefined;
  const address = bytes.subarray(8, 24);
  const isMapped = address.subarray(0, 10).every((byte) => byte === 0) && address.readUInt16BE(10) === 0xffff;
  return { address: addressIn(isMapped ? address.subarray(12) : address), port };
}
