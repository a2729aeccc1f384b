import type { JsonObject } from '@bufbuild/protobuf';
import type { Origin, Snapshot, XdsType } from '@tulle/xds/resource';
import { typeUrls } from '@tulle/xds/resource';
import { resourceKey } from '../model/origin.ts';
import { uniqueOrigins } from './serialize.ts';

/** Under this key of `filter_metadata` a message carries what it stems from. */
export const originMetadataKey = 'tulle.dev/origin';

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

/** Which of a snapshot's resources stem from a user's resource, by `resourceKey`. */
export function originIndex(
  snapshot: Snapshot,
): ReadonlyMap<string, readonly { type: XdsType; name: string }[]> {
  const index = new Map<string, { type: XdsType; name: string }[]>();
  for (const type of Object.keys(typeUrls) as XdsType[]) {
    for (const { name, origins } of snapshot[type].values()) {
      for (const key of new Set(origins.map(resourceKey))) {
        const list = index.get(key);
        if (list === undefined) index.set(key, [{ type, name }]);
        else list.push({ type, name });
      }
    }
  }
  return index;
}
