import { enums, type Messages, messages } from '../gen/readers.js';
import type { JsonObject } from '../json.ts';
import { type Scalar, scalars } from './scalars.ts';
import { writeStruct } from './struct.ts';
import type { FieldTable, ScalarKind } from './table.ts';
import { WireWriter } from './writer.ts';

/** A message to write: what is left out is at its default. */
export type Draft<T> = T extends string | number | boolean | Uint8Array | JsonObject
  ? T
  : T extends readonly (infer I)[]
    ? readonly Draft<I>[]
    : T extends Map<infer K, infer V>
      ? ReadonlyMap<K, Draft<V>>
      : { readonly [K in keyof T]?: Draft<T[K]> };

type Plain = Readonly<Record<string, unknown>>;

/** A plain object ⇒ bytes; fields in the order of their numbers, lists and maps in theirs. */
export function encode<N extends keyof Messages>(name: N, message: Draft<Messages[N]>): Uint8Array {
  return writeMessage(name, message as Plain);
}

function writeMessage(name: string, message: Plain): Uint8Array {
  const writer = new WireWriter();
  for (const field of messages[name as keyof Messages].fields) {
    const value = message[field.key];
    if (value === undefined) continue;
    if (field.label === 'map') writeMap(writer, field, value as ReadonlyMap<Scalar, unknown>);
    else if (field.label === 'packed') writePacked(writer, field, value as readonly unknown[]);
    else if (field.label === 'repeated')
      for (const item of value as readonly unknown[]) writeField(writer, field, item);
    else if (field.optional === true || !isDefault(field, value)) writeField(writer, field, value);
  }
  return writer.finish();
}

function isDefault(field: FieldTable, value: unknown): boolean {
  if (field.kind === 'enum') return enumNumber(field, value as string) === 0;
  if (field.kind === 'bytes') return (value as Uint8Array).length === 0;
  // -0 is written, as protobuf asks.
  return Object.is(value, scalars[field.kind as ScalarKind].zero);
}

function enumNumber(field: FieldTable, name: string): number {
  for (const [number, known] of Object.entries(enums[field.of as string] ?? {})) {
    if (known === name) return Number(number);
  }
  throw new TypeError(`${name} is not a value of ${field.of}`);
}

function writeField(writer: WireWriter, field: FieldTable, value: unknown, number = field.number): void {
  writer.tag(number, wireType(field));
  writeValue(writer, field, value);
}

function wireType(field: FieldTable): number {
  if (field.kind === 'enum') return 0;
  return field.kind in scalars ? scalars[field.kind as ScalarKind].type : 2;
}

function writeValue(writer: WireWriter, field: FieldTable, value: unknown): void {
  if (field.kind === 'message') writer.bytes(writeMessage(field.of as string, value as Plain));
  else if (field.kind === 'struct') writer.bytes(writeStruct(value as JsonObject));
  else if (field.kind === 'wrapper') writer.bytes(wrapped(field.of as ScalarKind, value));
  else if (field.kind === 'enum') writer.int64(enumNumber(field, value as string));
  else scalars[field.kind].write(writer, value as never);
}

function wrapped(kind: ScalarKind, value: unknown): Uint8Array {
  const writer = new WireWriter();
  const field: FieldTable = { number: 1, name: 'value', key: 'value', kind };
  if (!isDefault(field, value)) writeField(writer, field, value);
  return writer.finish();
}

function writePacked(writer: WireWriter, field: FieldTable, values: readonly unknown[]): void {
  if (values.length === 0) return;
  const packed = new WireWriter();
  for (const value of values) writeValue(packed, field, value);
  writer.tag(field.number, 2);
  writer.bytes(packed.finish());
}

function writeMap(writer: WireWriter, field: FieldTable, map: ReadonlyMap<Scalar, unknown>): void {
  const keyField: FieldTable = { number: 1, name: 'key', key: 'key', kind: field.keyKind as ScalarKind };
  for (const [key, value] of map) {
    const entry = new WireWriter();
    writeField(entry, keyField, key);
    writeField(entry, field, value, 2);
    writer.tag(field.number, 2);
    writer.bytes(entry.finish());
  }
}
