import { isIPv4 } from 'node:net';
import type { DnsAnswer, DnsTable } from '@tulle/decision/tables';

type Names = DnsTable['names'];

/**
 * What the table says of a name: itself, else the closest wildcard above it (RFC 4592), else the name without one of
 * the system's search domains, which a resolver has appended to what the application meant. Undefined: nothing.
 */
export function findName(
  names: Names,
  name: string,
  searchDomains: readonly string[],
): DnsAnswer | undefined {
  const known = names.get(name) ?? findWildcard(names, name);
  if (known !== undefined) return known;
  for (const domain of searchDomains) {
    if (!name.endsWith(`.${domain}`)) continue;
    const meant = names.get(name.slice(0, -domain.length - 1));
    if (meant !== undefined) return meant;
  }
  return undefined;
}

function findWildcard(names: Names, name: string): DnsAnswer | undefined {
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
    const found = names.get(`*${name.slice(dot)}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** An address as a record's data: 4 or 16 bytes. */
export function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  // An IPv4 tail is two groups.
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const [, head = '', a, b, c, d] = dotted ?? [];
  const hex = (high: string | undefined, low: string | undefined): string =>
    ((Number(high) << 8) | Number(low)).toString(16);
  const written = dotted === null ? address : `${head}${hex(a, b)}:${hex(c, d)}`;
  const [left = '', right] = (written.split('%')[0] ?? '').split('::');
  const groups = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const before = groups(left);
  const after = right === undefined ? [] : groups(right);
  const bytes = Buffer.alloc(16);
  for (const [at, group] of before.entries()) bytes.writeUInt16BE(group, at * 2);
  for (const [at, group] of after.entries()) bytes.writeUInt16BE(group, 16 - (after.length - at) * 2);
  return bytes;
}
