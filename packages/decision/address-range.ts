import type { AddressRange } from './edge-rules.ts';

/** The longest prefix of some ranges that an address has, in bits; -1: none. */
export type RangeRank = (address: string) => number;

/** Compiled once, when configuration loads. IPv4 and IPv6 addresses never match each other's ranges. */
export function compileRanges(ranges: readonly AddressRange[]): RangeRank {
  const compiled = ranges.flatMap(({ address, prefixLength }) => {
    const words = wordsOf(address);
    return words === undefined ? [] : [{ words, prefixLength }];
  });
  return (address) => {
    const words = wordsOf(address);
    let best = -1;
    if (words === undefined) return best;
    for (const range of compiled)
      if (range.prefixLength > best && sharesPrefix(range.words, words, range.prefixLength))
        best = range.prefixLength;
    return best;
  };
}

/** Numbers of 16 bits each: two of an IPv4 address, eight of an IPv6 address. Undefined: it is none. */
function wordsOf(address: string): readonly number[] | undefined {
  if (!address.includes(':')) {
    const bytes = address.split('.').map(Number);
    const [a = 0, b = 0, c = 0, d = 0] = bytes;
    return bytes.length === 4 && bytes.every(Number.isInteger) ? [a * 256 + b, c * 256 + d] : undefined;
  }
  const [head = '', tail] = address.split('::');
  const before = groups(head);
  const after = groups(tail ?? '');
  return [...before, ...new Array<number>(Math.max(0, 8 - before.length - after.length)).fill(0), ...after];
}

/** `a:b:c`, where the last may be written as IPv4. */
function groups(text: string): number[] {
  if (text === '') return [];
  return text
    .split(':')
    .flatMap((group) => (group.includes('.') ? (wordsOf(group) ?? []) : [Number.parseInt(group, 16)]));
}

function sharesPrefix(range: readonly number[], address: readonly number[], bits: number): boolean {
  if (range.length !== address.length) return false;
  for (let at = 0; at * 16 < bits; at++) {
    const shift = Math.max(0, 16 - (bits - at * 16));
    if ((range[at] as number) >> shift !== (address[at] as number) >> shift) return false;
  }
  return true;
}
