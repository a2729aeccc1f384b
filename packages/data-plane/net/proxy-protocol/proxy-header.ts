import { isIPv4, isIPv6 } from 'node:net';
import type { ProxyProtocolVersion } from '@tulle/decision/tables/listener';
import { addressBytes, addressIn } from '../address-bytes.ts';
import type { ConnectionAddresses } from '../addresses.ts';

/**
 * A header of the PROXY protocol (HAProxy, doc/proxy-protocol.txt), with which a proxy tells the next hop between
 * whom the connection really is.
 */
export interface ProxyHeader {
  readonly version: ProxyProtocolVersion;
  /** Undefined: the connection's own are meant (LOCAL, UNKNOWN, UNSPEC, Unix sockets). */
  readonly addresses: ConnectionAddresses | undefined;
  /** Bytes of the header; what follows is the client's. */
  readonly length: number;
}

/** `none`: no header begins here. */
export type HeaderResult = ProxyHeader | 'more' | 'invalid' | 'none';

const v1Start = Buffer.from('PROXY ', 'latin1');
/** Section 2.1: with CR LF. */
const v1MostBytes = 107;
const v2Signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const v2FixedBytes = 16;
const LOCAL = 0x20;
const PROXY = 0x21;
/** Family and transport of section 2.2, with the size of its addresses; datagrams don't come over TCP. */
const TCP4 = 0x11;
const TCP6 = 0x21;
const bytesOfFamily = new Map([
  [0x00, 0],
  [TCP4, 12],
  [TCP6, 36],
  [0x31, 216],
]);

/** @param bytes what has come so far */
export function readProxyHeader(bytes: Buffer): HeaderResult {
  if (startsAlike(bytes, v1Start)) return bytes.length < v1Start.length ? 'more' : readV1(bytes);
  if (startsAlike(bytes, v2Signature)) return bytes.length < v2FixedBytes ? 'more' : readV2(bytes);
  return 'none';
}

function startsAlike(bytes: Buffer, start: Buffer): boolean {
  const common = Math.min(bytes.length, start.length);
  return bytes.compare(start, 0, common, 0, common) === 0;
}

function readV1(bytes: Buffer): HeaderResult {
  const end = bytes.subarray(0, v1MostBytes).indexOf('\r\n');
  if (end < 0) return bytes.length >= v1MostBytes || bytes.includes('\n') ? 'invalid' : 'more';
  const words = bytes.toString('latin1', 0, end).split(' ');
  const length = end + 2;
  const [, family, source = '', destination = '', sourcePort = '', destinationPort = ''] = words;
  // What else stands in such a line is to be ignored.
  if (family === 'UNKNOWN') return { version: 'v1', addresses: undefined, length };
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isPlainIPv6 : undefined;
  if (isAddress === undefined || words.length !== 6) return 'invalid';
  if (!isAddress(source) || !isAddress(destination) || !isPort(sourcePort) || !isPort(destinationPort))
    return 'invalid';
  const addresses = {
    remoteAddress: source.toLowerCase(),
    remotePort: Number(sourcePort),
    localAddress: destination.toLowerCase(),
    localPort: Number(destinationPort),
  };
  return { version: 'v1', addresses, length };
}

/** Without a zone: it means nothing on another host. */
const isPlainIPv6 = (text: string): boolean => isIPv6(text) && !text.includes('%');
const isPort = (text: string): boolean => /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;

function readV2(bytes: Buffer): HeaderResult {
  const command = bytes.readUInt8(12);
  const family = bytes.readUInt8(13);
  const length = v2FixedBytes + bytes.readUInt16BE(14);
  if (command !== LOCAL && command !== PROXY) return 'invalid';
  if (command === LOCAL)
    return bytes.length < length ? 'more' : { version: 'v2', addresses: undefined, length };
  const needed = bytesOfFamily.get(family);
  if (needed === undefined || length < v2FixedBytes + needed) return 'invalid';
  if (bytes.length < length) return 'more';
  // What follows the addresses (TLVs) is for others.
  const block = bytes.subarray(v2FixedBytes, v2FixedBytes + needed);
  if (family === TCP4) return { version: 'v2', addresses: addressesIn(block, 4), length };
  if (family === TCP6) return { version: 'v2', addresses: addressesIn(block, 16), length };
  return { version: 'v2', addresses: undefined, length };
}

function addressesIn(block: Buffer, size: 4 | 16): ConnectionAddresses {
  return {
    remoteAddress: addressIn(block.subarray(0, size)),
    localAddress: addressIn(block.subarray(size, 2 * size)),
    remotePort: block.readUInt16BE(2 * size),
    localPort: block.readUInt16BE(2 * size + 2),
  };
}

/**
 * The header for a connection to the next hop. Undefined, or between addresses of two families or none: the
 * connection is our own (v2 LOCAL, v1 UNKNOWN).
 */
export function writeProxyHeader(
  version: ProxyProtocolVersion,
  addresses: ConnectionAddresses | undefined,
): Buffer {
  const family = addresses === undefined ? 0 : familyOf(addresses);
  if (version === 'v1') {
    if (addresses === undefined || family === 0) return Buffer.from('PROXY UNKNOWN\r\n', 'latin1');
    const { remoteAddress, remotePort, localAddress, localPort } = addresses;
    const line = `PROXY TCP${family} ${remoteAddress} ${localAddress} ${remotePort} ${localPort}\r\n`;
    return Buffer.from(line, 'latin1');
  }
  const block = addresses === undefined || family === 0 ? Buffer.alloc(0) : blockOf(addresses);
  const fixed = Buffer.alloc(v2FixedBytes);
  v2Signature.copy(fixed);
  fixed.writeUInt8(family === 0 ? LOCAL : PROXY, 12);
  fixed.writeUInt8(family === 0 ? 0 : family === 4 ? TCP4 : TCP6, 13);
  fixed.writeUInt16BE(block.length, 14);
  return Buffer.concat([fixed, block]);
}

function familyOf({ remoteAddress, localAddress }: ConnectionAddresses): 0 | 4 | 6 {
  if (isIPv4(remoteAddress) && isIPv4(localAddress)) return 4;
  return isPlainIPv6(remoteAddress) && isPlainIPv6(localAddress) ? 6 : 0;
}

function blockOf(addresses: ConnectionAddresses): Buffer {
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(addresses.remotePort, 0);
  ports.writeUInt16BE(addresses.localPort, 2);
  return Buffer.concat([addressBytes(addresses.remoteAddress), addressBytes(addresses.localAddress), ports]);
}
