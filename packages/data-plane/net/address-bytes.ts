import { isIPv4 } from 'node:net';

/** An IP address as the wire has it: 4 or 16 bytes. A zone means nothing there. */
export function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  const [plain = ''] = address.split('%');
  // The URL parser turns an IPv4 tail into groups.
  const [head = '', tail] = new URL(`http://[${plain}]`).hostname.slice(1, -1).split('::');
  const before = groupsOf(head);
  const after = groupsOf(tail ?? '');
  const bytes = Buffer.alloc(16);
  before.forEach((group, at) => {
    bytes.writeUInt16BE(group, 2 * at);
  });
  after.forEach((group, at) => {
    bytes.writeUInt16BE(group, 16 - 2 * (after.length - at));
  });
  return bytes;
}

/** The address in `bytes`, 4 or 16 of them, IPv6 in its shortest form (RFC 5952), as the URL parser writes it. */
export function addressIn(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(2 * at).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

const groupsOf = (text: string): number[] =>
  text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
