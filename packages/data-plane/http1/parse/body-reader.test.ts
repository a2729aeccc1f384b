import fc from 'fast-check';
import { expect, test } from 'vitest';
import { defaultHttp1Limits } from '../limits.ts';
import { BodyReader, Step } from './body-reader.ts';
import { Framing } from './framing.ts';

interface Read {
  readonly content: string;
  readonly trailers: string;
  /** Bytes behind the body. */
  readonly rest: string;
  readonly ended: boolean;
}

/** Reads `bytes` in pieces that end at `cuts`, each step with what the step before left. */
function read(framing: Framing, length: number, bytes: Buffer, cuts: readonly number[]): Read {
  const body = new BodyReader(defaultHttp1Limits);
  body.start(framing, length);
  let content = '';
  let ended = false;
  const bounds = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  let from = 0;
  for (const to of [...bounds, bytes.length]) {
    const piece = bytes.subarray(from, to);
    let at = 0;
    while (at < piece.length && !ended) {
      const step = body.step(piece, at);
      at = body.at;
      if (step === Step.Data) {
        content += piece.toString('latin1', body.dataFrom, body.dataTo);
        ended = body.last;
      } else if (step === Step.End) ended = true;
    }
    if (ended) {
      const trailers = body.trailers === undefined ? '' : [...body.trailers].join(';');
      return { content, trailers, rest: bytes.toString('latin1', from + at), ended };
    }
    from = to;
  }
  return { content, trailers: '', rest: '', ended };
}

const chunk = fc.record({
  data: fc.uint8Array({ minLength: 1, maxLength: 50 }),
  upper: fc.boolean(),
  zeros: fc.integer({ min: 0, max: 3 }),
  extension: fc.constantFrom('', ';a', ';a=b', ';a="b;\\"c"', ';a;b=c'),
});

test('any chunks, cut anywhere, give their content, trailers and what follows', () => {
  fc.assert(
    fc.property(
      fc.array(chunk, { maxLength: 6 }),
      fc.constantFrom('', 'X-Sum: 1\r\n', 'X-Sum: 1\r\nY:2\r\n'),
      fc.constantFrom('', 'GET / HTTP/1.1\r\n'),
      fc.array(fc.nat(400), { maxLength: 30 }),
      (chunks, trailers, rest, cuts) => {
        const encoded = chunks.map(({ data, upper, zeros, extension }) => {
          const size = '0'.repeat(zeros) + data.length.toString(16);
          const text = `${upper ? size.toUpperCase() : size}${extension}\r\n`;
          return `${text}${Buffer.from(data).toString('latin1')}\r\n`;
        });
        const bytes = Buffer.from(`${encoded.join('')}0\r\n${trailers}\r\n${rest}`, 'latin1');
        const result = read(Framing.Chunked, -1, bytes, cuts);
        expect(result.content).toBe(chunks.map(({ data }) => Buffer.from(data).toString('latin1')).join(''));
        expect(result.trailers).toBe(['', 'x-sum,1', 'x-sum,1;y,2'][trailers.split('\r\n').length - 1]);
        expect(result.ended).toBe(true);
        // The rest of the piece in which the body ended; later pieces were not read.
        expect(rest.endsWith(result.rest) || result.rest === rest).toBe(true);
      },
    ),
  );
});

test('a length takes exactly that much, cut anywhere', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 200 }),
      fc.nat(50),
      fc.array(fc.nat(300)),
      (data, more, cuts) => {
        const bytes = Buffer.concat([data, Buffer.alloc(more, 0x2e)]);
        const result = read(Framing.Length, data.length, bytes, cuts);
        expect(result.content).toBe(Buffer.from(data).toString('latin1'));
        expect(result.ended).toBe(true);
      },
    ),
  );
});

test('a body until the close never ends by itself', () => {
  const result = read(Framing.UntilClose, -1, Buffer.from('0\r\n\r\n'), [2]);
  expect(result).toEqual({ content: '0\r\n\r\n', trailers: '', rest: '', ended: false });
});

test('any bytes are read or refused; the position never leaves them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.array(fc.nat(100)), (bytes, cuts) => {
      try {
        read(Framing.Chunked, -1, Buffer.from(bytes), cuts);
      } catch (error) {
        expect((error as Error).name).toBe('Error');
        expect(error).toHaveProperty('code');
      }
    }),
    { numRuns: 500 },
  );
});
