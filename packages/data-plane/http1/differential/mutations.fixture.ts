/** For tests: HTTP/1.1 messages that are nearly right. */

/** Pieces that have fooled parsers. */
const splices = [
  '\r\n',
  '\n',
  '\r',
  ' ',
  '\t',
  ':',
  '\0',
  '0',
  '5',
  ';',
  ',',
  '\x0b',
  '\x7f',
  '\xff',
  '-',
  '+',
  '"',
  'Content-Length: 3\r\n',
  'Content-Length: 0\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: identity\r\n',
  'Transfer-Encoding:\tchunked\r\n',
  'Content-Length : 4\r\n',
  ' folded\r\n',
  'Connection: close\r\n',
  'Host: z\r\n',
  'Expect: x\r\n',
  '0\r\n\r\n',
  'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n',
  'ffffffffffffffff',
  '\r\n\r\n',
];

/** mulberry32: a failure can be run again from its seed. */
export function generator(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

type Random = (below: number) => number;

/** A message, or two, of `seeds`, with up to three wounds. */
export function mutate(seeds: readonly string[], random: Random): string {
  let bytes = pick(seeds, random);
  if (random(2) === 0) bytes += pick(seeds, random);
  for (let count = random(4); count > 0; count--) bytes = wound(bytes, random);
  return bytes;
}

/** Something put in, cut out or exchanged, or a line moved. */
export function wound(bytes: string, random: Random): string {
  const at = random(bytes.length);
  const length = random(4);
  switch (random(4)) {
    case 0:
      return bytes.slice(0, at) + pick(splices, random) + bytes.slice(at);
    case 1:
      return bytes.slice(0, at) + bytes.slice(at + length);
    case 2:
      return bytes.slice(0, at) + pick(splices, random) + bytes.slice(at + length);
    default: {
      // A whole line twice, or somewhere else.
      const lines = bytes.split('\r\n');
      lines.splice(random(lines.length), 0, lines[random(lines.length)] as string);
      return lines.join('\r\n');
    }
  }
}

const pick = (from: readonly string[], random: Random): string => from[random(from.length)] as string;
