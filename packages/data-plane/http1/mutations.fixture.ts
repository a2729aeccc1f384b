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
export function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** A message, or two, of `seeds`, with up to three wounds. */
export function mutate(seeds: readonly string[], random: (below: number) => number): string {
  const pick = (from: readonly string[]): string => from[random(from.length)] as string;
  let bytes = pick(seeds);
  if (random(2) === 0) bytes += pick(seeds);
  for (let count = random(4); count > 0; count--) {
    const at = random(bytes.length);
    const length = random(4);
    switch (random(4)) {
      case 0:
        bytes = bytes.slice(0, at) + pick(splices) + bytes.slice(at);
        break;
      case 1:
        bytes = bytes.slice(0, at) + bytes.slice(at + length);
        break;
      case 2:
        bytes = bytes.slice(0, at) + pick(splices) + bytes.slice(at + length);
        break;
      default: {
        // A whole line twice, or somewhere else.
        const lines = bytes.split('\r\n');
        lines.splice(random(lines.length), 0, lines[random(lines.length)] as string);
        bytes = lines.join('\r\n');
      }
    }
  }
  return bytes;
}
