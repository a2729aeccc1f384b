import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ApiError } from '../status-error.ts';
import { decodeKubernetes } from './decode.ts';

type Write = (writer: BinaryWriter) => BinaryWriter;

const bytes =
  (field: number, value: Uint8Array | string): Write =>
  (writer) => {
    const tagged = writer.tag(field, WireType.LengthDelimited);
    return typeof value === 'string' ? tagged.string(value) : tagged.bytes(value);
  };
const varint =
  (field: number, value: number): Write =>
  (writer) =>
    writer.tag(field, WireType.Varint).int32(value);
const message = (...fields: Write[]): Uint8Array =>
  fields.reduce((writer, write) => write(writer), new BinaryWriter()).finish();
const envelope = (apiVersion: string, kind: string, raw: Uint8Array): Buffer =>
  Buffer.concat([
    Buffer.from('k8s\0'),
    message(
      bytes(1, message(bytes(1, apiVersion), bytes(2, kind))),
      bytes(2, raw),
      bytes(3, ''),
      bytes(4, ''),
    ),
  ]);

describe('Kubernetes protobuf', () => {
  test('becomes the JSON object that it stands for, zero values left out', () => {
    const metadata = message(
      bytes(1, 's'),
      bytes(2, ''),
      varint(7, 0),
      bytes(8, message()),
      bytes(11, message(bytes(1, 'app'), bytes(2, 'x'))),
      bytes(11, message(bytes(1, 'tier'), bytes(2, ''))),
    );
    const port = message(
      bytes(1, 'http'),
      varint(3, 80),
      bytes(4, message(varint(1, 1), varint(2, 0), bytes(3, 'web'))),
    );
    const more = message(
      varint(3, 81),
      bytes(4, message(varint(1, 0), varint(2, 8081), bytes(3, ''))),
      varint(5, 0),
    );
    const spec = message(bytes(1, port), bytes(1, more), bytes(5, '1.1.1.1'), varint(13, 0), varint(20, 0));
    expect(decodeKubernetes(envelope('v1', 'Service', message(bytes(1, metadata), bytes(2, spec))))).toEqual({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's', labels: { app: 'x', tier: '' } },
      spec: {
        ports: [
          { name: 'http', port: 80, targetPort: 'web' },
          { port: 81, targetPort: 8081 },
        ],
        externalIPs: ['1.1.1.1'],
        allocateLoadBalancerNodePorts: false,
      },
    });
  });

  test('bytes are base64, times RFC 3339', () => {
    const metadata = message(bytes(1, 's'), bytes(8, message(varint(1, 1_700_000_000))));
    const entry = message(bytes(1, 'key'), bytes(2, new Uint8Array([1, 2, 255])));
    expect(
      decodeKubernetes(envelope('v1', 'Secret', message(bytes(1, metadata), bytes(2, entry)))),
    ).toMatchObject({
      metadata: { creationTimestamp: '2023-11-14T22:13:20Z' },
      data: { key: 'AQL/' },
    });
  });

  test('refuses unknown fields, other kinds, other bytes', () => {
    const code = (body: Buffer): number => {
      try {
        decodeKubernetes(body);
      } catch (error) {
        return (error as ApiError).status.code;
      }
      return 200;
    };
    expect(code(envelope('v1', 'ConfigMap', message()))).toBe(200);
    expect(code(envelope('v1', 'ConfigMap', message(bytes(99, 'x'))))).toBe(400);
    expect(code(envelope('v1', 'Pod', message()))).toBe(415);
    expect(code(Buffer.from('{}'))).toBe(400);
    const long = Buffer.concat([
      envelope('v1', 'ConfigMap', message()).subarray(0, 20),
      Buffer.from([0xff, 0xff, 0xff, 0x7f]),
    ]);
    expect(code(long)).toBe(400);
    const prototype = message(bytes(2, message(bytes(1, '__proto__'), bytes(2, 'x'))));
    expect(code(envelope('v1', 'ConfigMap', prototype))).toBe(400);
  });

  test('any bytes are decoded or refused as 400 or 415', () => {
    const kind = fc.constantFrom('Namespace', 'Service', 'Secret', 'ConfigMap', 'DeleteOptions', 'x');
    fc.assert(
      fc.property(kind, fc.uint8Array({ maxLength: 60 }), (name, raw) => {
        try {
          decodeKubernetes(envelope('v1', name, raw));
        } catch (error) {
          expect(error).toBeInstanceOf(ApiError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
