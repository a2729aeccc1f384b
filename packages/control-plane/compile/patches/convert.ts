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
import { error, type Finding, warning } from '@tulle/resources/finding';
import { nearestName } from '@tulle/resources/nearest';
import type { FieldPath } from '@tulle/resources/path';
import { registry } from '@tulle/xds/gen/registry.js';
import { typeNameOf } from './any.ts';

export interface Converted {
  /** Undefined: it can't be made. */
  readonly message?: Message;
  /** All that is wrong, each with its place. */
  readonly findings: readonly Finding[];
}

/**
 * A message as users write it (protobuf's JSON, with either spelling of field names). As in Istio, a value of another
 * type is an error, and what our messages don't know, as those of a newer Envoy may, a warning: a field or an enum's
 * value is left out; a type goes on as TypedStruct, in which Envoy finds it by name. A TypedStruct of a type that we
 * know becomes that type.
 * @param path where the value stands in the resource
 */
export function convert(desc: DescMessage, json: JsonValue, path: FieldPath): Converted {
  const reader = new Reader();
  const value = reader.message(desc, json, path);
  const { findings } = reader;
  if (!reader.isWhole) return { findings };
  try {
    return { message: fromJson(desc, value, lenient), findings };
  } catch (problem) {
    return { findings: [...findings, error('invalid', path, reasonOf(problem))] };
  }
}

const strict = { registry };
const lenient = { registry, ignoreUnknownFields: true };

const typedStructs: ReadonlySet<string> = new Set(['xds.type.v3.TypedStruct', 'udpa.type.v1.TypedStruct']);
const typePrefix = 'type.googleapis.com/';

class Reader {
  readonly findings: Finding[] = [];
  /** Whether a message can be made of it. */
  isWhole = true;
  /** In what Istio does not look into, and Envoy refuses. */
  #isOpaque = false;

  #refuse(path: FieldPath, message: string): void {
    this.isWhole = false;
    const found = this.#isOpaque
      ? warning('invalid', path, `left out: ${message}`)
      : error('invalid', path, message);
    this.findings.push(found);
  }

  /** The JSON that protobuf-es reads. */
  message(desc: DescMessage, json: JsonValue, path: FieldPath): JsonValue {
    if (desc.typeName === AnySchema.typeName) return this.#any(json, path);
    if (desc.typeName.startsWith('google.protobuf.')) {
      this.#attempt(desc, json, path);
      return json;
    }
    if (!isObject(json)) {
      this.#refuse(path, `must be an object (${desc.typeName})`);
      return {};
    }
    return Object.fromEntries(
      Object.entries(json).map(([key, value]) => [key, this.#member(desc, key, value, [...path, key])]),
    );
  }

  #member(desc: DescMessage, key: string, value: JsonValue, path: FieldPath): JsonValue {
    const field = desc.fields.find(({ name, jsonName }) => name === key || jsonName === key);
    if (field === undefined) {
      const names = desc.fields.map(({ name }) => name);
      const message = `${desc.typeName} has no such field, so it is left out${hint(key, names)}`;
      this.findings.push({ ...warning('unknown-field', path, message), atKey: true });
      return value;
    }
    if (value === null) return value;
    const inner = messageOf(field);
    if (inner === undefined) {
      if (field.fieldKind === 'enum' && typeof value === 'string') this.#enum(field.enum, value, path);
      else this.#attempt(desc, { [key]: value }, path);
      return value;
    }
    if (field.fieldKind === 'list') {
      if (Array.isArray(value)) return value.map((item, at) => this.message(inner, item, [...path, at]));
      this.#refuse(path, 'must be a list');
      return [];
    }
    if (field.fieldKind !== 'map') return this.message(inner, value, path);
    if (isObject(value))
      return Object.fromEntries(
        Object.entries(value).map(([name, item]) => [name, this.message(inner, item, [...path, name])]),
      );
    this.#refuse(path, 'must be an object');
    return {};
  }

  #enum(desc: DescEnum, value: string, path: FieldPath): void {
    const names = desc.values.map(({ name }) => name);
    if (names.includes(value)) return;
    const message = `must be one of ${names.join(', ')}, not ${value}, so it is left out${hint(value, names)}`;
    this.findings.push(warning('wrong-value', path, message));
  }

  #any(json: JsonValue, path: FieldPath): JsonValue {
    if (!isObject(json) || typeof json['@type'] !== 'string') {
      const refuse = () => this.#refuse(path, 'must be an object with "@type"');
      // Its fields are unknown ones to Istio then.
      if (isObject(json) && json['@type'] === undefined) this.#opaquely(refuse);
      else refuse();
      return {};
    }
    const { '@type': typeUrl, ...fields } = json as JsonObject & { '@type': string };
    const name = typeNameOf(typeUrl);
    if (typedStructs.has(name)) return this.#opaquely(() => this.#typedStruct(json, fields, path));
    if (this.#isGone(name, [...path, '@type'])) return {};
    const desc = registry.getMessage(name);
    if (desc === undefined) {
      const known = [...registry].flatMap((one) => (one.kind === 'message' ? [one.typeName] : []));
      const message = `${name} is not known here, so only Envoy checks it${hint(name, known)}`;
      this.findings.push(warning('not-supported', [...path, '@type'], message));
      return { '@type': `${typePrefix}xds.type.v3.TypedStruct`, typeUrl, value: fields };
    }
    if (desc.typeName.startsWith('google.protobuf.')) return json;
    return { ...(this.message(desc, fields, path) as JsonObject), '@type': `${typePrefix}${name}` };
  }

  #typedStruct(json: JsonObject, fields: JsonObject, path: FieldPath): JsonValue {
    const inner = fields.type_url ?? fields.typeUrl;
    const name = typeof inner === 'string' ? typeNameOf(inner) : '';
    if (name === '') this.#refuse([...path, 'type_url'], 'must name the type of value');
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
    const instead = now === undefined ? '' : `; it is ${now.typeName} now`;
    this.#refuse(path, `${name} is of Envoy’s API v2, which is gone${instead}`);
    return true;
  }

  #attempt(desc: DescMessage, json: JsonValue, path: FieldPath): void {
    try {
      fromJson(desc, json, strict);
    } catch (problem) {
      const message = reasonOf(problem);
      if (reads(desc, json)) this.findings.push(warning('wrong-value', path, `left out in part: ${message}`));
      else this.#refuse(path, message);
    }
  }

  #opaquely<Result>(read: () => Result): Result {
    const before = this.#isOpaque;
    this.#isOpaque = true;
    const result = read();
    this.#isOpaque = before;
    return result;
  }
}

/** Whether it is right apart from what is not known. */
function reads(desc: DescMessage, json: JsonValue): boolean {
  try {
    fromJson(desc, json, lenient);
    return true;
  } catch {
    return false;
  }
}

function hint(name: string, known: readonly string[]): string {
  const near = nearestName(name, known);
  return near === undefined ? '' : `; did you mean ${near}?`;
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
const reasonOf = (thrown: unknown): string =>
  thrown instanceof Error
    ? thrown.message.replace(/^cannot decode .*? from JSON(: |$)/, '') || thrown.message
    : '';
