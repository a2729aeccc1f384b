import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Http2Error } from '../protocol-error.ts';
import { BlockMemo } from './block-memo.ts';
import { HpackDecoder } from './decoder.ts';
import { HpackEncoder, mostBytes } from './encoder.ts';
import { huffmanDecode, huffmanEncode, huffmanLength } from './huffman.ts';
import { Cursor, readInteger, writeInteger } from './integer.ts';

type Fields = readonly (readonly [name: string, value: string])[];

const token = fc.stringMatching(/^[a-z0-9!#$%&'*+.^_`|~-]{1,20}$/);
const known = fc.constantFrom(':path', 'content-type', 'x-a', 'x-b', 'cookie', 'authorization', 'date');
const value = fc.oneof(
  fc.stringMatching(/^([!-~\x80-\xff]([\t -~\x80-\xff]{0,60}[!-~\x80-\xff])?)?$/),
  fc.constantFrom('', '/', 'application/grpc', 'v'.repeat(300), 'w'.repeat(5000)),
);
const fields: fc.Arbitrary<Fields> = fc.array(fc.tuple(fc.oneof(known, token), value), { maxLength: 12 });
const step = fc.oneof(
  { weight: 5, arbitrary: fields },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 5000 }) },
);

describe('what is encoded is decoded', () => {
  test.each([{ huffman: 'always' }, { huffman: 'indexed' }, { huffman: 'never', eager: true }] as const)(
    'with %o, over many blocks and table sizes',
    (options) => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
          const encoder = new HpackEncoder(options);
          const decoder = new HpackDecoder();
          for (const next of steps) {
            if (typeof next === 'number') encoder.limitTable(next);
            else {
              const bytes = encode(encoder, next);
              expect(decode(decoder, bytes)).toEqual(next);
              expect(decoder.table.size).toBe(encoder.tableSize);
            }
          }
        }),
        { numRuns: 100 },
      );
    },
  );

  test('a memo of blocks changes nothing', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 60 }),
        fc.array(fields, { minLength: 6, maxLength: 6 }),
        (order, kinds) => {
          const encoder = new HpackEncoder();
          const decoder = new HpackDecoder();
          const plain = new HpackDecoder();
          const memo = new BlockMemo(decoder, (bytes, from, to) => decode(decoder, bytes.subarray(from, to)));
          for (const kind of order) {
            const bytes = encode(encoder, kinds[kind] as Fields);
            expect(memo.read(bytes, 0, bytes.length)).toEqual(decode(plain, bytes));
            expect(decoder.table.size).toBe(plain.table.size);
            for (let index = 0; index < plain.table.count; index++) {
              expect(decoder.table.get(index)?.value).toBe(plain.table.get(index)?.value);
            }
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});

test('a block seen before is not decoded again, though it inserts', () => {
  const decoder = new HpackDecoder();
  let decoded = 0;
  const memo = new BlockMemo(decoder, (bytes, from, to) => {
    decoded++;
    return decode(decoder, bytes.subarray(from, to));
  });
  const inserting = Buffer.from('400178017982', 'hex');
  for (let time = 0; time < 5; time++) {
    expect(memo.read(inserting, 0, inserting.length)).toEqual([
      ['x', 'y'],
      [':method', 'GET'],
    ]);
    expect(decoder.table.count).toBe(time + 1);
  }
  expect(decoded).toBe(2);
  expect(memo.hits).toBe(3);
});

test('a block that refers to the table is decoded anew when the table has changed', () => {
  const decoder = new HpackDecoder();
  const memo = new BlockMemo(decoder, (bytes, from, to) => decode(decoder, bytes.subarray(from, to)));
  decode(decoder, Buffer.from('4001780161', 'hex'));
  const newest = Buffer.from('be', 'hex');
  for (let time = 0; time < 3; time++) expect(memo.read(newest, 0, 1)).toEqual([['x', 'a']]);
  decode(decoder, Buffer.from('4001780162', 'hex'));
  expect(memo.read(newest, 0, 1)).toEqual([['x', 'b']]);
});

test('Huffman coding: every octet, alone and mixed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
      const text = Buffer.from(octets).toString('latin1');
      const out = Buffer.alloc(1024);
      const length = huffmanEncode(text, out, 0);
      expect(length).toBe(huffmanLength(text));
      const decoded = Buffer.alloc(1024);
      expect(decoded.toString('latin1', 0, huffmanDecode(out, 0, length, decoded))).toBe(text);
    }),
  );
});

test('integers up to 28 bits; larger ones are refused', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 28 - 1 }), fc.integer({ min: 1, max: 7 }), (number, bits) => {
      const mask = (1 << bits) - 1;
      const cursor = new Cursor();
      cursor.bytes = Buffer.alloc(8);
      cursor.to = writeInteger(cursor.bytes, 0, 0, mask, number);
      expect(readInteger(cursor, mask)).toBe(number);
      expect(cursor.at).toBe(cursor.to);
    }),
  );
});

describe('blocks that can not be decoded', () => {
  test.each([
    ['index 0', '80'],
    ['an index beyond the table', 'be'],
    ['a name index beyond the table', '7e0161'],
    ['an integer that ends early', 'ff'],
    ['an integer beyond 28 bits', 'ffffffffff7f'],
    ['an integer padded with zeros', 'ff8080808000'],
    ['a name that ends early', '40056162'],
    ['a value that ends early', '4001610561'],
    ['no value', '400161'],
    ['a size update after a field', '8220'],
    ['a size update beyond what we allow', '3fe21f'],
    ['Huffman padding of zeros', '0081000161'],
    ['Huffman padding of a whole octet', '00821fff0161'],
    ['the end of string within a Huffman string', '0084ffffffff0161'],
  ])('%s', (_title, hex) => {
    expect(() => decode(new HpackDecoder(), Buffer.from(hex, 'hex'))).toThrow(Http2Error);
  });

  test('random octets: decoded or refused, never anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (octets) => {
        try {
          decode(new HpackDecoder(), Buffer.from(octets));
        } catch (error) {
          expect(error).toBeInstanceOf(Http2Error);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('what the encoder puts into the table', () => {
  test('a field that repeats, but no secret and nothing that always changes', () => {
    const encoder = new HpackEncoder();
    const message: Fields = [
      ['x-constant', 'always the same'],
      ['authorization', 'Bearer abcdefghijklmnopqrstuvwxyz'],
      ['cookie', 'short=1'],
      ['date', 'Mon, 21 Oct 2013 20:13:21 GMT'],
    ];
    const first = encode(encoder, message).length;
    expect(encoder.tableSize).toBe(0);
    encode(encoder, message);
    expect(encoder.tableSize).toBe('x-constantalways the same'.length + 32);
    const third = encode(encoder, message).length;
    expect(third).toBeLessThan(first - 20);
  });

  test('secrets, and what a peer marked so, are never to be indexed', () => {
    const encoder = new HpackEncoder();
    const out = Buffer.alloc(200);
    for (const [name, value, sensitive] of [
      ['authorization', 'x', false],
      ['x-mine', 'y', true],
    ] as const) {
      for (let time = 0; time < 3; time++) {
        encoder.start(out, 0);
        encoder.field(name, value, sensitive);
        expect((out[0] as number) & 0xf0).toBe(0x10);
      }
    }
  });

  test('nothing that could start another field leaves it', () => {
    const encoder = new HpackEncoder();
    const bytes = encode(encoder, [['x-Bad name', 'a\r\nb: c\u0000 ']]);
    expect(decode(new HpackDecoder(), bytes)).toEqual([['x-bad_name', 'a??b: c?']]);
  });
});

function encode(encoder: HpackEncoder, list: Fields): Buffer {
  let room = 16;
  for (const [name, text] of list) room += mostBytes(name, text);
  const out = Buffer.alloc(room);
  encoder.start(out, 0);
  for (const [name, text] of list) encoder.field(name, text);
  return out.subarray(0, encoder.at);
}

function decode(decoder: HpackDecoder, bytes: Buffer): [string, string][] {
  const seen: [string, string][] = [];
  decoder.decode(bytes, 0, bytes.length, {
    full: false,
    add: (field) => seen.push([field.name.text, field.value]),
  });
  return seen;
}
