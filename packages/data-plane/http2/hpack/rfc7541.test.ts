import { describe, expect, test } from 'vitest';
import { type FieldSink, HpackDecoder } from './decoder.ts';
import { HpackEncoder } from './encoder.ts';
import type { Field } from './field.ts';
import { Cursor, readInteger, writeInteger } from './integer.ts';

/** The examples of RFC 7541 appendix C. */
type Fields = readonly (readonly [name: string, value: string])[];
interface Example {
  readonly hex: string;
  readonly fields: Fields;
  /** Of the dynamic table afterwards. */
  readonly size: number;
}

const request1: Fields = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'www.example.com'],
];
const request2: Fields = [...request1, ['cache-control', 'no-cache']];
const request3: Fields = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':path', '/index.html'],
  [':authority', 'www.example.com'],
  ['custom-key', 'custom-value'],
];
const response1: Fields = [
  [':status', '302'],
  ['cache-control', 'private'],
  ['date', 'Mon, 21 Oct 2013 20:13:21 GMT'],
  ['location', 'https://www.example.com'],
];
const response2: Fields = [[':status', '307'], ...response1.slice(1)];
const response3: Fields = [
  [':status', '200'],
  ['cache-control', 'private'],
  ['date', 'Mon, 21 Oct 2013 20:13:22 GMT'],
  ['location', 'https://www.example.com'],
  ['content-encoding', 'gzip'],
  ['set-cookie', 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'],
];

const plainRequests: readonly Example[] = [
  { hex: '828684410f7777772e6578616d706c652e636f6d', fields: request1, size: 57 },
  { hex: '828684be58086e6f2d6361636865', fields: request2, size: 110 },
  { hex: '828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565', fields: request3, size: 164 },
];
const codedRequests: readonly Example[] = [
  { hex: '828684418cf1e3c2e5f23a6ba0ab90f4ff', fields: request1, size: 57 },
  { hex: '828684be5886a8eb10649cbf', fields: request2, size: 110 },
  { hex: '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf', fields: request3, size: 164 },
];
const plainResponses: readonly Example[] = [
  {
    hex: '4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d',
    fields: response1,
    size: 222,
  },
  { hex: '4803333037c1c0bf', fields: response2, size: 222 },
  {
    hex: '88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31',
    fields: response3,
    size: 215,
  },
];
const codedResponses: readonly Example[] = [
  {
    hex: '488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3',
    fields: response1,
    size: 222,
  },
  { hex: '4883640effc1c0bf', fields: response2, size: 222 },
  {
    hex: '88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007',
    fields: response3,
    size: 215,
  },
];

describe('C.1 integers', () => {
  test.each([
    [0x1f, 10, [10]],
    [0x1f, 1337, [31, 154, 10]],
    [0xff, 42, [42]],
  ])('prefix mask %i, value %i', (mask, value, octets) => {
    const out = new Uint8Array(8);
    expect([...out.subarray(0, writeInteger(out, 0, 0, mask, value))]).toEqual(octets);
    const cursor = new Cursor();
    cursor.bytes = Buffer.from(octets);
    cursor.to = octets.length;
    expect(readInteger(cursor, mask)).toBe(value);
    expect(cursor.at).toBe(octets.length);
  });
});

describe('C.2 literals', () => {
  test.each<[string, string, string, boolean, number]>([
    ['400a637573746f6d2d6b65790d637573746f6d2d686561646572', 'custom-key', 'custom-header', false, 55],
    ['040c2f73616d706c652f70617468', ':path', '/sample/path', false, 0],
    ['100870617373776f726406736563726574', 'password', 'secret', true, 0],
    ['82', ':method', 'GET', false, 0],
  ])('%s', (hex, name, value, never, size) => {
    const decoder = new HpackDecoder();
    const seen: [string, string, boolean][] = [];
    const sink: FieldSink = {
      full: false,
      add: (field: Field, neverIndexed) => seen.push([field.name.text, field.value, neverIndexed]),
    };
    const bytes = Buffer.from(hex, 'hex');
    decoder.decode(bytes, 0, bytes.length, sink);
    expect(seen).toEqual([[name, value, never]]);
    expect(decoder.table.size).toBe(size);
  });
});

test.each([
  ['C.3 requests without Huffman coding', plainRequests, 4096],
  ['C.4 requests with Huffman coding', codedRequests, 4096],
  ['C.5 responses without Huffman coding', plainResponses, 256],
  ['C.6 responses with Huffman coding', codedResponses, 256],
])('%s are decoded', (_title, examples, size) => {
  const decoder = new HpackDecoder();
  decoder.table.resize(size);
  for (const example of examples) {
    expect(decode(decoder, Buffer.from(example.hex, 'hex'))).toEqual(example.fields);
    expect(decoder.table.size).toBe(example.size);
  }
});

test.each([
  ['C.3 requests without Huffman coding', plainRequests, 'never'],
  ['C.4 requests with Huffman coding', codedRequests, 'always'],
] as const)('%s are encoded to the same octets', (_title, examples, huffman) => {
  const encoder = new HpackEncoder({ huffman, eager: true });
  for (const example of examples) {
    const out = Buffer.alloc(1024);
    encoder.start(out, 0);
    for (const [name, value] of example.fields) encoder.field(name, value);
    expect(out.toString('hex', 0, encoder.at)).toBe(example.hex);
    expect(encoder.tableSize).toBe(example.size);
  }
});

function decode(decoder: HpackDecoder, bytes: Buffer): [string, string][] {
  const seen: [string, string][] = [];
  decoder.decode(bytes, 0, bytes.length, {
    full: false,
    add: (field) => seen.push([field.name.text, field.value]),
  });
  return seen;
}
