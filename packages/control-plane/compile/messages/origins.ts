import { create, type JsonObject } from '@bufbuild/protobuf';
import { type Metadata, MetadataSchema } from '@tulle/xds/gen/envoy/config/core/v3/base_pb.js';
import type { Origin } from '@tulle/xds/resource';
import { uniqueOrigins } from './serialize.ts';

/** Under this key of `filter_metadata` a message carries what it stems from. */
const originMetadataKey = 'tulle.dev/origin';

/**
 * `filter_metadata` with the origins and whatever else a message carries there. Keys in code-unit order: map
 * entries are serialised as they are inserted.
 */
export function metadata(
  origins: readonly Origin[],
  more: Readonly<Record<string, JsonObject>> = {},
): { filterMetadata: Record<string, JsonObject> } {
  const listed = uniqueOrigins(origins).map(({ kind, namespace, name, generation, path }) => ({
    generation,
    kind,
    name,
    namespace,
    path,
  }));
  const all: Record<string, JsonObject> = { ...more };
  if (listed.length > 0) all[originMetadataKey] = { origins: listed };
  const filterMetadata = Object.fromEntries(
    Object.keys(all)
      .toSorted()
      .map((key) => [key, all[key] as JsonObject]),
  );
  return { filterMetadata };
}

/** Metadata that is there, with more origins. */
export function withOrigins(known: Metadata | undefined, more: readonly Origin[]): Metadata {
  const { [originMetadataKey]: own, ...others } = known?.filterMetadata ?? {};
  const before = (own?.origins ?? []) as unknown as readonly Origin[];
  return create(MetadataSchema, {
    typedFilterMetadata: known?.typedFilterMetadata ?? {},
    ...metadata([...before, ...more], others),
  });
}
