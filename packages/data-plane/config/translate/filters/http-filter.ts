import type { HttpFilterConfig } from '@tulle/decision/tables/http-manager';
import type { JsonObject } from '@tulle/xds/json';
import type { http_connection_manager_HttpFilter, protobuf_Any } from '@tulle/xds/wire';
import { messageName, type Problems, read } from '../values/problems.ts';

/** A filter's configuration as it came: its own message, or the JSON of a TypedStruct that names its type. */
export type FilterConfigSource =
  | { readonly kind: 'message'; readonly bytes: Uint8Array; readonly at: string; readonly problems: Problems }
  | { readonly kind: 'struct'; readonly value: JsonObject; readonly at: string; readonly problems: Problems };

/**
 * How the configuration of each filter that we have is read, by message name: `a.b.C` of its type URL. What
 * a reader throws, or adds to `problems`, refuses the resource.
 */
export type FilterConfigReaders = ReadonlyMap<string, (source: FilterConfigSource) => unknown>;

const typedStructs = ['xds.type.v3.TypedStruct', 'udpa.type.v1.TypedStruct'] as const;

/** The configuration of one HTTP filter. Undefined: left out, as it is optional here and not known. */
export function translateHttpFilter(
  filter: http_connection_manager_HttpFilter,
  readers: FilterConfigReaders,
  path: string,
  problems: Problems,
): HttpFilterConfig | undefined {
  if (filter.disabled) problems.add(`${path}.disabled`, 'is not supported');
  if (filter.typedConfig === undefined) {
    problems.add(path, `filter "${filter.name}" has no typed_config`);
    return undefined;
  }
  const config = readFilterConfig(
    filter.typedConfig,
    readers,
    `${path}.typed_config`,
    problems,
    filter.isOptional,
  );
  return config === undefined ? undefined : { name: filter.name, ...config };
}

/**
 * A filter’s configuration by its type, also inside a TypedStruct. @param optional unknown types are left out, not
 * refused
 */
export function readFilterConfig(
  any: protobuf_Any,
  readers: FilterConfigReaders,
  path: string,
  problems: Problems,
  optional = false,
): { readonly typeUrl: string; readonly config: unknown } | undefined {
  const name = messageName(any);
  const struct = typedStructs.find((known) => known === name);
  const inner = struct === undefined ? undefined : read(struct, any.value, path, problems);
  const typeUrl = inner?.typeUrl ?? any.typeUrl;
  const reader = readers.get(messageName({ ...any, typeUrl }));
  if (reader === undefined) {
    if (!optional) problems.add(path, `HTTP filter ${messageName({ ...any, typeUrl })} is not supported`);
    return undefined;
  }
  const source: FilterConfigSource =
    inner === undefined
      ? { kind: 'message', bytes: any.value, at: path, problems }
      : { kind: 'struct', value: inner.value ?? {}, at: path, problems };
  return { typeUrl, config: problems.attempt(path, () => reader(source)) };
}
