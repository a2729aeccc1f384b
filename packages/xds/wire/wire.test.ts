import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { create, type DescMessage, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';
import { StructSchema } from '@bufbuild/protobuf/wkt';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { enums, type Messages, messages } from '../gen/readers.js';
import { decode, encode, WireError } from '../wire.ts';
import { emptyStruct } from './struct.ts';
import type { FieldTable } from './table.ts';

const schemas = new Map<string, GenMessage<never>>();

beforeAll(async () => {
  const gen = join(import.meta.dirname, '../gen');
  const add = (schema: DescMessage): void => {
    schemas.set(schema.typeName, schema as GenMessage<never>);
    schema.nestedMessages.forEach(add);
  };
  add(StructSchema);
  for (const file of readdirSync(gen, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('_pb.js')) continue;
    const module = (await import(join(gen, file))) as Record<string, { kind?: string }>;
    for (const value of Object.values(module)) if (value?.kind === 'message') add(value as DescMessage);
  }
});

const json: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true }),
    fc.string(),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('object'),
  ),
  object: fc
    .dictionary(fc.string(), tie('value'), { maxKeys: 3 })
    .map((plain) => Object.assign(emptyStruct(), plain)),
})).object;

const scalarValues: Record<string, fc.Arbitrary<unknown>> = {
  string: fc.string({ unit: 'grapheme' }),
  bytes: fc.uint8Array({ maxLength: 20 }),
  bool: fc.boolean(),
  int32: fc.integer(),
  sint32: fc.integer(),
  uint32: fc.nat(0xffffffff),
  int64: fc.maxSafeInteger(),
  uint64: fc.maxSafeNat(),
  float: fc.float({ noNaN: true }),
  double: fc.double({ noNaN: true }),
};

function single(field: FieldTable, depth: number): fc.Arbitrary<unknown> {
  if (field.kind === 'message') return message(field.of as keyof Messages, depth + 1);
  if (field.kind === 'struct') return json;
  if (field.kind === 'enum') return fc.constantFrom(...Object.values(enums[field.of as string] ?? {}));
  const kind = field.kind === 'wrapper' ? (field.of as string) : field.kind;
  return scalarValues[kind] ?? fc.nat(1000);
}

function value(field: FieldTable, depth: number): fc.Arbitrary<unknown> {
  const one = single(field, depth);
  if (field.label === 'map') {
    return fc
      .array(fc.tuple(scalarValues[field.keyKind as string] as fc.Arbitrary<unknown>, one), { maxLength: 2 })
      .map((all) => new Map(all));
  }
  return field.label === undefined ? one : fc.array(one, { maxLength: 2 });
}

/** A whole message as `decode` makes it: everything without presence is there, oneofs are exclusive. */
function message(name: keyof Messages, depth = 0): fc.Arbitrary<Record<string, unknown>> {
  const fields = messages[name].fields;
  const deep = depth > 3;
  return fc
    .record(
      Object.fromEntries(
        fields.map((field): [string, fc.Arbitrary<unknown>] => {
          if (field.label !== undefined && deep)
            return [field.key, fc.constant(field.label === 'map' ? new Map() : [])];
          if (!field.optional) return [field.key, value(field, depth)];
          if (deep && field.kind === 'message') return [field.key, fc.constant(undefined)];
          return [field.key, fc.option(value(field, depth), { nil: undefined, freq: 1 })];
        }),
      ),
    )
    .map((object) => {
      const seen = new Set<string>();
      return Object.fromEntries(
        Object.entries(object).filter(([key, set]) => {
          const oneof = fields.find((field) => field.key === key)?.oneof;
          if (set === undefined || (oneof !== undefined && seen.has(oneof))) return false;
          if (oneof !== undefined) seen.add(oneof);
          return true;
        }),
      );
    });
}

describe('against protobuf-es', () => {
  const names = Object.keys(messages).filter(
    (name) => !name.startsWith('google.protobuf.'),
  ) as (keyof Messages)[];
  test.each(names)('%s: what we write it reads, and what it writes we read', (name) => {
    const schema = schemas.get(name) as GenMessage<never>;
    fc.assert(
      fc.property(message(name), (object) => {
        const theirs = fromBinary(schema, encode(name, object as never));
        expect(decode(name, toBinary(schema, theirs))).toEqual(object);
      }),
      { numRuns: 6 },
    );
  });
});

describe('bytes that are no message', () => {
  const node = 'envoy.config.core.v3.Node';
  const sample = encode('envoy.service.discovery.v3.DeltaDiscoveryRequest', {
    node: { id: 'sidecar~1', metadata: Object.assign(emptyStruct(), { a: [1, { b: null }] }) },
    initialResourceVersions: new Map([['a', '1']]),
    errorDetail: { code: 3, message: 'no' },
  });

  test('every cut is refused or a shorter message, never a crash', () => {
    for (let end = 0; end < sample.length; end++) {
      try {
        decode('envoy.service.discovery.v3.DeltaDiscoveryRequest', sample.subarray(0, end));
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
      }
    }
  });

  test('random bytes and random damage only ever raise WireError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(), (noise, at) => {
        const damaged = Uint8Array.from(sample);
        damaged.set(noise.subarray(0, 3), at % (sample.length - 3));
        for (const bytes of [noise, damaged]) {
          try {
            decode('envoy.service.discovery.v3.DeltaDiscoveryRequest', bytes, { unsupported: () => {} });
          } catch (error) {
            expect(error).toBeInstanceOf(WireError);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ['a string that is a varint', [0x08, 0x01]],
    ['a group', [0x0b, 0x0c]],
    ['field number 0', [0x02, 0x00]],
    ['a length beyond the end', [0x0a, 0x05, 0x41]],
    ['a length of 2^63', [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]],
    ['a varint of 11 bytes', [0x0a, ...Array(10).fill(0x80), 0x01]],
    ['text that is not UTF-8', [0x0a, 0x02, 0xc3, 0x28]],
  ])('%s is refused', (_, bytes) => {
    expect(() => decode(node, Uint8Array.from(bytes))).toThrow(WireError);
  });

  test('nesting beyond the limit is refused', () => {
    let bytes: Uint8Array = Uint8Array.of();
    for (let i = 0; i < 200; i++) {
      const head = i % 2 === 0 ? 0x0a : 0x2a; // Struct.fields' value and Value.struct_value, in turns
      const inner = i % 2 === 0 ? Uint8Array.of(0x12, ...varint(bytes.length), ...bytes) : bytes;
      bytes = Uint8Array.of(head, ...varint(inner.length), ...inner);
    }
    expect(() => decode(node, Uint8Array.of(0x1a, ...varint(bytes.length), ...bytes))).toThrow(
      /too deeply|not a/,
    );
  });

  test('no key of a Struct or map reaches a prototype', () => {
    const bytes = encode(node, { metadata: JSON.parse('{"__proto__":{"polluted":true}}') as never });
    const { metadata } = decode(node, bytes);
    expect(Object.keys(metadata as object)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value & 127) | 128, ...varint(value >> 7)];

test('a field that the proxy does not know is reported by name and place', () => {
  const name = 'envoy.config.route.v3.RouteConfiguration';
  const theirs = {
    virtualHosts: [
      {
        routes: [
          {
            match: { pathSpecifier: { case: 'prefix', value: '/' } },
            action: { case: 'route', value: { clusterSpecifier: { case: 'clusterHeader', value: 'x' } } },
          },
        ],
      },
    ],
  };
  const schema = schemas.get(name) as GenMessage<never>;
  const seen: string[][] = [];
  const bytes = toBinary(schema, createFrom(schema, theirs));
  decode(name, bytes, { unsupported: (path, reason) => seen.push([path, reason]) });
  expect(seen).toEqual([
    ['virtual_hosts[0].routes[0].route.cluster_header', 'unsupported field route.RouteAction.cluster_header'],
  ]);
});

const createFrom = (schema: GenMessage<never>, init: object): never => create(schema, init as never) as never;

test('reading messages loads no protobuf runtime', () => {
  const script = `import * as wire from '@tulle/xds/wire'; wire.encode('envoy.config.core.v3.Node', { id: 'a' });`;
  const hook = `data:text/javascript,import{registerHooks}from'node:module';registerHooks({load(u,c,n){if(/bufbuild|grpc-js|zod/.test(u)){console.log(u)}return n(u,c)}})`;
  const { stdout, status } = spawnSync(
    process.execPath,
    ['--import', hook, '--input-type=module', '-e', script],
    { cwd: import.meta.dirname, encoding: 'utf8' },
  );
  expect([stdout, status]).toEqual(['', 0]);
});
