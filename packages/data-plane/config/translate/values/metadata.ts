import type { WorkloadLabels } from '@tulle/decision/tables/endpoint';
import type { JsonObject, JsonValue } from '@tulle/xds/json';
import type { core_Metadata } from '@tulle/xds/wire';

/** What is for information only: metadata that does not fit is left out, not refused. */
const objectOf = (value: JsonValue | undefined): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
const listOf = (value: JsonValue | undefined): JsonValue[] => (Array.isArray(value) ? value : []);
const textOf = (value: JsonValue | undefined): string => (typeof value === 'string' ? value : '');

const nothing: JsonObject = {};

/** `filter_metadata[name]`. */
export const filterMetadata = (metadata: core_Metadata | undefined, name: string): JsonObject =>
  metadata?.filterMetadata.get(name) ?? nothing;

/** Istio's `services` of a cluster: the first. */
export function serviceOf(
  metadata: core_Metadata | undefined,
): { host: string; name: string; namespace: string } | undefined {
  const [first] = listOf(filterMetadata(metadata, 'istio').services);
  if (first === undefined) return undefined;
  const service = objectOf(first);
  return { host: textOf(service.host), name: textOf(service.name), namespace: textOf(service.namespace) };
}

/** Istio's `workload` of an endpoint: `workload;namespace;canonical-name;canonical-revision;cluster`. */
export function workloadOf(metadata: core_Metadata | undefined): WorkloadLabels | undefined {
  const text = textOf(filterMetadata(metadata, 'istio').workload);
  if (text === '') return undefined;
  const [workload = '', namespace = '', canonicalName = '', canonicalRevision = '', cluster = ''] =
    text.split(';');
  return {
    workload,
    namespace,
    app: canonicalName,
    version: canonicalRevision,
    canonicalName,
    canonicalRevision,
    cluster,
  };
}

/** The strings of a Struct, for exact comparison. */
export function textFields(value: JsonObject): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, String(field)]));
}
