/** JSON, as google.protobuf.Struct holds it. */
export type MetadataValue = null | boolean | number | string | MetadataValue[] | MetadataObject;
export interface MetadataObject {
  [name: string]: MetadataValue;
}

/**
 * What filters have learnt of a request, by filter: Envoy's dynamic metadata. Of the verified token there are the
 * claims: `envoy.filters.http.jwt_authn` ⇒ `payload` ⇒ `iss`, `sub`, …
 */
export type DynamicMetadata = Readonly<Record<string, MetadataObject>>;

/** The value at a path; undefined: there is none. */
export function metadataAt(
  metadata: DynamicMetadata | undefined,
  filter: string,
  path: readonly string[],
): MetadataValue | undefined {
  if (metadata === undefined || !Object.hasOwn(metadata, filter)) return undefined;
  return valueAt(metadata[filter], path);
}

/** Steps into objects alone; names that objects inherit are none of theirs. */
export function valueAt(
  value: MetadataValue | undefined,
  path: readonly string[],
): MetadataValue | undefined {
  let at = value;
  for (const name of path) {
    if (typeof at !== 'object' || at === null || Array.isArray(at) || !Object.hasOwn(at, name))
      return undefined;
    at = at[name];
  }
  return at;
}
