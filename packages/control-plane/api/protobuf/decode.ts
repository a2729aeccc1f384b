import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { ApiError, badRequest, unsupportedMediaType } from '../status-error.ts';
import type { Field, Message } from './message.ts';
import { messageOf } from './messages.ts';

export const kubernetesProtobuf = 'application/vnd.kubernetes.protobuf';

/** Before the message: `k8s` and a zero byte. */
const magic = Buffer.from([0x6b, 0x38, 0x73, 0x00]);
const deepest = 32;

/**
 * A body in Kubernetes' protobuf envelope, as the JSON object that it stands for. A field that we don't know
 * is refused: what was sent must not be dropped unseen.
 * @throws ApiError 400, 415 for a kind without a table
 */
export function decodeKubernetes(body: Buffer): object {
  if (!body.subarray(0, 4).equals(magic)) throw badRequest('the body does not begin as Kubernetes protobuf');
  try {
    const { apiVersion, kind, raw } = readEnvelope(body.subarray(4));
    const message = messageOf(apiVersion, kind);
    if (message === undefined) throw unsupportedMediaType(['application/json']);
    return { apiVersion, kind, ...readMessage(new BinaryReader(raw), raw.length, message, kind, 0) };
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw badRequest(
      `the body is no valid protobuf: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** runtime.Unknown: typeMeta = 1 { apiVersion = 1, kind = 2 }, raw = 2. */
function readEnvelope(bytes: Uint8Array): { apiVersion: string; kind: string; raw: Uint8Array } {
  const reader = new BinaryReader(bytes);
  let apiVersion = '';
  let kind = '';
  let raw: Uint8Array = new Uint8Array();
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (field === 1) {
      const end = endOf(reader, reader.len);
      while (reader.pos < end) {
        const [inner, innerWire] = reader.tag();
        if (inner === 1) apiVersion = reader.string();
        else if (inner === 2) kind = reader.string();
        else reader.skip(innerWire, inner);
      }
    } else if (field === 2) raw = reader.bytes();
    else reader.skip(wire, field);
  }
  return { apiVersion, kind, raw };
}

function readMessage(
  reader: BinaryReader,
  end: number,
  message: Message,
  path: string,
  depth: number,
): Record<string, unknown> {
  if (depth > deepest) throw badRequest(`${path}: nested too deep`);
  const result: Record<string, unknown> = {};
  while (reader.pos < end) {
    const [number] = reader.tag();
    const field = message[number];
    if (field === undefined) throw badRequest(`${path}: unknown field number ${number}`);
    const value = readValue(reader, end, field, `${path}.${field.name}`, depth);
    const present = result[field.name];
    if (field.repeated) result[field.name] = [...(Array.isArray(present) ? present : []), value];
    else if (field.type === 'stringMap' || field.type === 'bytesMap')
      result[field.name] = { ...(present as object | undefined), ...(value as object) };
    else if (field.optional || !isZero(value)) result[field.name] = value;
  }
  return result;
}

function readValue(reader: BinaryReader, limit: number, field: Field, path: string, depth: number): unknown {
  switch (field.type) {
    case 'string':
      return reader.string();
    case 'int':
      return Number(reader.int64());
    case 'bool':
      return reader.bool();
    default: {
      const end = endOf(reader, limit);
      if (field.type === 'time') return readTime(reader, end);
      if (field.type === 'intOrString') return readIntOrString(reader, end);
      if (field.type === 'stringMap' || field.type === 'bytesMap')
        return readEntry(reader, end, field.type === 'bytesMap', path);
      return readMessage(reader, end, field.type.message, path, depth + 1);
    }
  }
}

/** Where the length-delimited value at the reader ends. */
function endOf(reader: BinaryReader, limit: number): number {
  const length = reader.uint32();
  if (reader.pos + length > limit) throw new RangeError('premature end');
  return reader.pos + length;
}

/** { seconds = 1, nanos = 2 }; undefined for none. */
function readTime(reader: BinaryReader, end: number): string | undefined {
  let seconds = 0;
  while (reader.pos < end) {
    const [field, wire] = reader.tag();
    if (field === 1) seconds = Number(reader.int64());
    else reader.skip(wire, field);
  }
  if (seconds === 0) return undefined;
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

/** { type = 1 (1: string), intVal = 2, strVal = 3 } */
function readIntOrString(reader: BinaryReader, end: number): number | string {
  let isString = false;
  let number = 0;
  let text = '';
  while (reader.pos < end) {
    const [field, wire] = reader.tag();
    if (field === 1) isString = Number(reader.int64()) === 1;
    else if (field === 2) number = reader.int32();
    else if (field === 3) text = reader.string();
    else reader.skip(wire, field);
  }
  return isString ? text : number;
}

/** { key = 1, value = 2 } */
function readEntry(
  reader: BinaryReader,
  end: number,
  isBytes: boolean,
  path: string,
): Record<string, string> {
  let key = '';
  let value = '';
  while (reader.pos < end) {
    const [field, wire] = reader.tag();
    if (wire !== WireType.LengthDelimited) throw badRequest(`${path}: bad map entry`);
    if (field === 1) key = reader.string();
    else if (field === 2) value = isBytes ? Buffer.from(reader.bytes()).toString('base64') : reader.string();
    else reader.skip(wire, field);
  }
  if (key === '__proto__') throw badRequest('a field must not be called __proto__');
  return { [key]: value };
}

/** Go writes what is not set as zero values; JSON leaves it out. */
const isZero = (value: unknown): boolean =>
  value === '' ||
  value === 0 ||
  value === false ||
  value === undefined ||
  (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
