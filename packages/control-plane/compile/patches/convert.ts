import {
  type DescEnum,
  type DescField,
  type DescMessage,
  fromJson,
  type JsonObject,
  type JsonValue,
  type Message,
} from '@bufbuild/protobuf';
import { AnySchema } from '@bufbuild/protobuf/wkt';
import { nearestName } from '@tulle/resources/nearest';
import { type FieldPath, formatPath } from '@tulle/resources/path';
import type { Problem } from '@tulle/resources/problem';
import { registry } from '@tulle/xds/gen/registry.js';
import { typeNameOf } from './any.ts';

export type Converted =
  | { readonly ok: true; readonly message: Message }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * A message as users write it (protobuf's JSON, with either spelling of field names), or all that is wrong with it,
 * each with its place. A type of Envoy's that we have no descriptor of goes on as TypedStruct, in which Envoy finds it
 * by name; a TypedStruct of a type that we know becomes that type.
 * @param path where the value stands in the resource
 */
export function convert(desc: DescMessage, json: JsonValue, path: FieldPath): Converted {
  const reader = new Reader();
  const value = reader.message(desc, json, path);
  if (reader.problems.length > 0) return { ok: false, problems: reader.problems };
  try {
    return { ok: true, message: fromJson(desc, value, { registry }) };
  } catch (error) {
    reader.add(path, reasonOf(error));
    return { ok: false, problems: reader.problems };
  }
}

const typedStructs: ReadonlySet<string> = new Set(['xds.type.v3.TypedStruct', 'udpa.type.v1.TypedStruct']);
const typePrefix = 'type.googleapis.com/';

class Reader {
  readonly problems: Problem[] = [];

  add(path: FieldPath, message: string): void {
    this.problems.push({ severity: 'error', code: 'invalid', path: formatPath(path), message });
  }

  /** The JSON that protobuf-es reads. */
  message(desc: DescMessage, json: JsonValue, path: FieldPath): JsonValue {
    if (desc.typeName === AnySchema.typeName) return this.#any(json, path);
    if (desc.typeName.startsWith('google.protobuf.')) {
      this.#attempt(path, () => fromJson(desc, json, { registry }));
      return json;
    }
    if (!isObject(json)) {
      this.add(path, `must be an object (${desc.typeName})`);
      return {};
    }
    return Object.fromEntries(
      Object.entries(json).map(([key, value]) => [key, this.#member(desc, key, value, [...path, key])]),
    );
  }

  #member(desc: DescMessage, key: string, value: JsonValue, path: FieldPath): JsonValue {
    const field = desc.fields.find(({ name, jsonName }) => name === key || jsonName === key);
    if (field === undefined) {
      const near = nearestName(
        key,
        desc.fields.map(({ name }) => name),
      );
      this.add(
        path,
        `${desc.typeName} has no such field${near === undefined ? '' : `; did you mean ${near}?`}`,
      );
      return null;
    }
    if (value === null) return value;
    const inner = messageOf(field);
    if (inner === undefined) {
      if (field.fieldKind === 'enum' && typeof value === 'string') this.#enum(field.enum, value, path);
      else this.#attempt(path, () => fromJson(desc, { [key]: value }, { registry }));
      return value;
    }
    if (field.fieldKind === 'list') {
      if (Array.isArray(value)) return value.map((item, at) => this.message(inner, item, [...path, at]));
      this.add(path, 'must be a list');
      return [];
    }
    if (field.fieldKind !== 'map') return this.message(inner, value, path);
    if (isObject(value))
      return Object.fromEntries(
        Object.entries(value).map(([name, item]) => [name, this.message(inner, item, [...path, name])]),
      );
    this.add(path, 'must be an object');
    return {};
  }

  #enum(desc: DescEnum, value: string, path: FieldPath): void {
    const names = desc.values.map(({ name }) => name);
    if (!names.includes(value)) this.add(path, `must be one of ${names.join(', ')}, not ${value}`);
  }

  #any(json: JsonValue, path: FieldPath): JsonValue {
    if (!isObject(json) || typeof json['@type'] !== 'string') {
      this.add(path, 'must be an object with "@type"');
      return {};
    }
    const { '@type': typeUrl, ...fields } = json as JsonObject & { '@type': string };
    const name = typeNameOf(typeUrl);
    if (typedStructs.has(name)) return this.#typedStruct(json, fields, path);
    const desc = registry.getMessage(name);
    if (this.#isGone(name, [...path, '@type'])) return {};
    if (desc === undefined)
      return { '@type': `${typePrefix}xds.type.v3.TypedStruct`, typeUrl, value: fields };
    if (desc.typeName.startsWith('google.protobuf.')) return json;
    return { ...(this.message(desc, fields, path) as JsonObject), '@type': `${typePrefix}${name}` };
  }

  #typedStruct(json: JsonObject, fields: JsonObject, path: FieldPath): JsonValue {
    const inner = fields.type_url ?? fields.typeUrl;
    const name = typeof inner === 'string' ? typeNameOf(inner) : '';
    if (name === '') this.add([...path, 'type_url'], 'must name the type of value');
    if (name === '' || this.#isGone(name, [...path, 'type_url'])) return {};
    const desc = registry.getMessage(name);
    if (desc === undefined) return json;
    const value = this.message(desc, fields.value ?? {}, [...path, 'value']);
    return { ...(value as JsonObject), '@type': `${typePrefix}${name}` };
  }

  /** Whether a type is of Envoy's API before v3: no Envoy of today would take what has it. */
  #isGone(name: string, path: FieldPath): boolean {
    if (!/^envoy\.(?:.*\.)?v2(?:alpha\d*)?\./.test(name)) return false;
    const [, room = '', message = ''] = /([^.]+)\.v2[^.]*\.([^.]+)$/.exec(name) ?? [];
    const now = [...registry].find(({ typeName }) => typeName.endsWith(`.${room}.v3.${message}`));
    const hint = now === undefined ? '' : `; it is ${now.typeName} now`;
    this.add(path, `${name} is of Envoy’s API v2, which is gone${hint}`);
    return true;
  }

  #attempt(path: FieldPath, read: () => unknown): void {
    try {
      read();
    } catch (error) {
      this.add(path, reasonOf(error));
    }
  }
}

const isObject = (json: JsonValue): json is JsonObject =>
  typeof json === 'object' && json !== null && !Array.isArray(json);

/** The message that a field, an item or an entry of it holds. */
function messageOf(field: DescField): DescMessage | undefined {
  if (field.fieldKind === 'list' || field.fieldKind === 'map' || field.fieldKind === 'message')
    return field.message;
  return undefined;
}

/** What protobuf-es says, without the names that the path says already. */
const reasonOf = (error: unknown): string =>
  error instanceof Error
    ? error.message.replace(/^cannot decode .*? from JSON(: |$)/, '') || error.message
    : '';
