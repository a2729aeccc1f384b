/**
 * Writes `gen/readers.js` and `gen/readers.d.ts`: field tables of the messages in `proxy-messages.ts`, taken
 * from the descriptors that protoc-gen-es has generated. The proxy reads them without a protobuf runtime.
 */
import { readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { DescEnum, DescField, DescMessage } from '@bufbuild/protobuf';
import { ScalarType } from '@bufbuild/protobuf';
import { AnySchema, DurationSchema, EmptySchema } from '@bufbuild/protobuf/wkt';
import { proxyMessages } from './proxy-messages.ts';
import type { EnumTable, FieldTable, MessageTable, ScalarKind } from './wire/table.ts';

const scalarKind = (type: ScalarType): ScalarKind => ScalarType[type].toLowerCase() as ScalarKind;
const wrapper = /^google\.protobuf\.(Bool|String|Bytes|Int32|UInt32|Int64|UInt64|Float|Double)Value$/;

async function loadMessages(gen: string): Promise<Map<string, DescMessage>> {
  const found = new Map<string, DescMessage>(
    [AnySchema, DurationSchema, EmptySchema].map((schema) => [schema.typeName, schema]),
  );
  const add = (message: DescMessage): void => {
    found.set(message.typeName, message);
    message.nestedMessages.forEach(add);
  };
  for (const file of readdirSync(gen, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('_pb.js')) continue;
    const module = (await import(pathToFileURL(join(gen, file)).href)) as Record<string, { kind?: string }>;
    for (const value of Object.values(module)) if (value?.kind === 'message') add(value as DescMessage);
  }
  return found;
}

/** What a field's values are, whether it stands alone, in a list or in a map. */
function valueKind(field: DescField): Pick<FieldTable, 'kind' | 'of'> {
  if (field.enum !== undefined) return { kind: 'enum', of: field.enum.typeName };
  if (field.message !== undefined) {
    const wrapped = wrapper.exec(field.message.typeName)?.[1]?.toLowerCase();
    if (wrapped !== undefined) return { kind: 'wrapper', of: wrapped };
    if (field.message.typeName === 'google.protobuf.Struct') return { kind: 'struct' };
    return { kind: 'message', of: field.message.typeName };
  }
  return { kind: scalarKind(field.scalar) };
}

function fieldTable(field: DescField): FieldTable {
  const base = { number: field.number, name: field.name, key: field.localName, ...valueKind(field) };
  if (field.fieldKind === 'map') return { ...base, label: 'map', keyKind: scalarKind(field.mapKey) };
  if (field.fieldKind === 'list') return { ...base, label: field.packed ? 'packed' : 'repeated' };
  const oneof = field.oneof === undefined ? {} : { oneof: field.oneof.name };
  const optional = field.fieldKind === 'message' || field.oneof !== undefined || field.proto.proto3Optional;
  return { ...base, ...oneof, ...(optional ? { optional: true } : {}) };
}

function messageTable(message: DescMessage, list: string): MessageTable {
  const words = new Set(list.split(' ').filter((word) => word !== ''));
  const fields: FieldTable[] = [];
  const ignored: number[] = [];
  const unsupported: Record<number, string> = {};
  for (const field of message.fields) {
    if (words.delete(field.name)) fields.push(fieldTable(field));
    else if (words.delete(`~${field.name}`)) ignored.push(field.number);
    else unsupported[field.number] = field.name;
  }
  if (words.size > 0) throw new Error(`${message.typeName} has no field ${[...words].join(', ')}`);
  for (const { of, kind } of fields) {
    if (kind === 'message' && !((of as string) in proxyMessages))
      throw new Error(`${message.typeName} needs ${of}`);
  }
  return { fields: fields.sort((a, b) => a.number - b.number), ignored, unsupported };
}

const enumTable = (desc: DescEnum): EnumTable =>
  Object.fromEntries(desc.values.map((value) => [value.number, value.name] as const).reverse());

/** `envoy.config.route.v3.RouteAction.HashPolicy` ⇒ `route_RouteAction_HashPolicy`. */
const typeName = (name: string): string => {
  const parts = name.split('.');
  const first = parts.findIndex((part) => /^[A-Z]/.test(part));
  const room = parts
    .slice(0, first)
    .filter((part) => !/^v\d+$/.test(part))
    .at(-1);
  return [room, ...parts.slice(first)].join('_');
};

const numbers = new Set([
  'int32',
  'uint32',
  'int64',
  'uint64',
  'sint32',
  'sint64',
  'fixed32',
  'fixed64',
  'sfixed32',
  'sfixed64',
  'float',
  'double',
]);
function typeOf(kind: string, of: string | undefined): string {
  if (kind === 'wrapper') return typeOf(of as string, undefined);
  if (kind === 'message' || kind === 'enum') return typeName(of as string);
  if (kind === 'struct') return 'JsonObject';
  if (kind === 'bytes') return 'Uint8Array';
  if (kind === 'bool') return 'boolean';
  return numbers.has(kind) ? 'number' : 'string';
}

function declaration(field: FieldTable): string {
  const type = typeOf(field.kind, field.of);
  if (field.label === 'map')
    return `  ${field.key}: Map<${typeOf(field.keyKind as string, undefined)}, ${type}>;`;
  if (field.label !== undefined) return `  ${field.key}: ${type}[];`;
  return field.optional ? `  ${field.key}?: ${type};` : `  ${field.key}: ${type};`;
}

/** Writes the tables by which proxies read and write the messages of `proxy-messages.ts`, and nothing more. */
export async function generateReaders(gen = join(import.meta.dirname, 'gen')): Promise<void> {
  const descriptors = await loadMessages(gen);
  const messages: Record<string, MessageTable> = {};
  const enums: Record<string, EnumTable> = {};
  for (const [name, list] of Object.entries(proxyMessages)) {
    const descriptor = descriptors.get(name);
    if (descriptor === undefined) throw new Error(`proxy-messages.ts: no message ${name}`);
    const table = messageTable(descriptor, list);
    messages[name] = table;
    const known = new Set(table.fields.map((field) => field.number));
    for (const field of descriptor.fields) {
      if (field.enum !== undefined && known.has(field.number))
        enums[field.enum.typeName] = enumTable(field.enum);
    }
  }
  const types = [
    "import type { JsonObject } from '../json.ts';",
    "import type { EnumTable, MessageTable } from '../wire/table.ts';",
    ...Object.entries(enums).map(([name, values]) => {
      const union = Object.values(values).map((value) => `'${value}'`);
      return `export type ${typeName(name)} = ${union.join(' | ')};`;
    }),
    ...Object.entries(messages).map(([name, table]) =>
      [`/** ${name} */`, `export interface ${typeName(name)} {`, ...table.fields.map(declaration), '}'].join(
        '\n',
      ),
    ),
    'export interface Messages {',
    ...Object.keys(messages).map((name) => `  '${name}': ${typeName(name)};`),
    '}',
    'export declare const messages: { readonly [N in keyof Messages]: MessageTable };',
    'export declare const enums: Readonly<Record<string, EnumTable>>;',
    '',
  ];
  const entries = (record: object): string =>
    Object.entries(record)
      .map(([name, value]) => `  '${name}': ${JSON.stringify(value)},`)
      .join('\n');
  const script = `export const messages = {\n${entries(messages)}\n};\nexport const enums = {\n${entries(enums)}\n};\n`;
  for (const [file, text] of [
    ['readers.d.ts', types.join('\n')],
    ['readers.js', script],
  ] as const) {
    // Others may read the folder now: a file is there whole or not at all.
    writeFileSync(join(gen, `.${file}`), text);
    renameSync(join(gen, `.${file}`), join(gen, file));
  }
}

if (import.meta.main) await generateReaders();
