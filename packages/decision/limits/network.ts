/**
 * The network that an IP address belongs to: `10.1.2.0/24`, `2001:db8::/64`; the address itself where all bits of
 * both families count. What is no IP address (the path of a Unix socket) is its own network.
 */
export function networkOf(address: string, bits4: number, bits6: number): string {
  if (bits4 >= 32 && bits6 >= 128) return address;
  if (address.includes(':')) return `${formatted6(masked(groups6(address), 16, bits6))}/${bits6}`;
  const bytes = address.split('.').map(Number);
  if (bytes.length !== 4) return address;
  return `${masked(bytes, 8, bits4).join('.')}/${bits4}`;
}

/** Of `parts` of `width` bits each the first `bits`; zeros after them. */
function masked(parts: readonly number[], width: number, bits: number): number[] {
  return parts.map((part, index) => {
    const kept = Math.max(0, Math.min(width, bits - index * width));
    return part & ~((1 << (width - kept)) - 1);
  });
}

/** The eight groups of an IPv6 address, without its zone. */
function groups6(address: string): number[] {
  const [plain = ''] = address.split('%');
  const [head = '', tail] = plain.split('::');
  const groups = (text: string): number[] =>
    text === ''
      ? []
      : text.split(':').flatMap((group) => {
          if (!group.includes('.')) return [Number.parseInt(group, 16)];
          const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
          return [(a << 8) | b, (c << 8) | d];
        });
  const before = groups(head);
  const after = groups(tail ?? '');
  return [...before, ...new Array<number>(Math.max(0, 8 - before.length - after.length)).fill(0), ...after];
}

/** RFC 5952: lower case, the longest run of two zero groups or more as `::`, the first of equal ones. */
function formatted6(groups: readonly number[]): string {
  let best = { at: 0, length: 1 };
  for (let at = 0; at < groups.length; at++) {
    let length = 0;
    while (groups[at + length] === 0) length++;
    if (length > best.length) best = { at, length };
    at += length;
  }
  const text = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  if (best.length < 2) return text(groups);
  return `${text(groups.slice(0, best.at))}::${text(groups.slice(best.at + best.length))}`;
}
