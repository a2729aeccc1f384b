import type { ProxyMetadata } from '@tulle/xds/node';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodePeerMetadata, encodePeerMetadata, workloadLabelsOf } from './peer-metadata.ts';
import { decodeStruct, encodeStruct, type StructValue } from './struct.ts';

const metadata: ProxyMetadata = {
  NAMESPACE: 'default',
  SERVICE_ACCOUNT: 'bookinfo-reviews',
  NAME: 'reviews-v2-0',
  WORKLOAD_NAME: 'reviews-v2',
  LABELS: { app: 'reviews', version: 'v2' },
  CLUSTER_ID: 'local',
  MESH_ID: 'mesh',
  TULLE_ENGINE: 'tulle',
  TULLE_INBOUND: [],
  TULLE_OUTBOUND: { upstreams: [] },
  TULLE_ADMIN_PORT: 1,
};

test('what a proxy says of itself is understood by its peer', () => {
  const header = encodePeerMetadata(metadata);
  expect(decodePeerMetadata(header)).toEqual(workloadLabelsOf(metadata));
  expect(decodePeerMetadata(header)).toEqual({
    workload: 'reviews-v2',
    namespace: 'default',
    app: 'reviews',
    version: 'v2',
    canonicalName: 'reviews',
    canonicalRevision: 'v2',
    cluster: 'local',
  });
});

test('a Struct that protobuf itself wrote is read', async () => {
  const { StructSchema } = await import('@bufbuild/protobuf/wkt');
  const { fromJson, toBinary, fromBinary, toJson } = await import('@bufbuild/protobuf');
  const json = {
    NAME: 'a',
    n: 1.5,
    t: true,
    z: null,
    LABELS: { app: 'b', 'c/d': 'é' },
    list: ['x', 2, { y: false }],
  };
  const bytes = Buffer.from(toBinary(StructSchema, fromJson(StructSchema, json)));
  expect(JSON.parse(JSON.stringify(decodeStruct(bytes)))).toEqual(json);
  expect(toJson(StructSchema, fromBinary(StructSchema, encodeStruct(json)))).toEqual(json);
});

test('any Struct survives the way there and back', () => {
  const value = fc.letrec<{ value: StructValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.string(),
      fc.double({ noNaN: true }),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.string(), tie('value'), { maxKeys: 3 }),
    ),
  })).value;
  fc.assert(
    fc.property(fc.dictionary(fc.string(), value, { maxKeys: 4 }), (fields) => {
      const decoded = decodeStruct(encodeStruct(fields));
      expect(JSON.stringify(decoded, Object.keys(decoded).sort())).toEqual(
        JSON.stringify(fields, Object.keys(fields).sort()),
      );
    }),
  );
});

test('whatever a peer sends is understood or refused, never more', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      decodePeerMetadata(Buffer.from(bytes).toString('base64'));
    }),
    { numRuns: 500 },
  );
  let deep = Buffer.from('x');
  // Bytes beyond ASCII double as text: about as many levels as a header has room for.
  while (deep.length < 16_384) deep = Buffer.from(encodeStruct({ a: deep.toString('latin1') }));
  expect(() => decodePeerMetadata(deep.toString('base64'))).not.toThrow();
  // Structs within structs, each a valid message.
  let nested = encodeStruct({});
  for (let level = 0; level < 50; level++) {
    const value = Buffer.concat([Buffer.from([0x2a, nested.length & 127]), nested.subarray(0, 127)]);
    nested = Buffer.concat([
      Buffer.from([0x0a, (value.length + 2) & 127, 0x12, value.length & 127]),
      value,
    ]).subarray(0, 120);
  }
  expect(() => decodePeerMetadata(nested.toString('base64'))).not.toThrow();
  expect(decodePeerMetadata('')).toBeUndefined();
  expect(decodePeerMetadata('not base64!')).toBeUndefined();
  expect(decodePeerMetadata('A'.repeat(20_000))).toBeUndefined();
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});
