import { localCluster } from '@tulle/xds/resource';

/**
 * What we read of Envoy's `/config_dump` and `/clusters?format=json`, which our proxy's admin endpoint answers
 * in the same shape. Everything is looked up softly: another version may lack a field.
 */
export type Json = Record<string, unknown>;

export interface ProxyConfig {
  readonly listeners: readonly Json[];
  readonly routes: readonly Json[];
  readonly clusters: readonly Json[];
  readonly secrets: readonly Json[];
  /** Load assignments, where the dump was asked for them (`include_eds`). */
  readonly endpoints: readonly Json[];
}

/** @param part `dynamic`: without what the proxy's bootstrap says */
export function readConfigDump(dump: unknown, part: 'all' | 'dynamic' = 'all'): ProxyConfig {
  const configs = list(dump, 'configs');
  const of = (type: string): Json[] =>
    configs.filter((config) => String(config['@type'] ?? '').endsWith(type));
  const fixed = (config: Json, field: string): Json[] => (part === 'all' ? list(config, field) : []);
  return {
    listeners: of('ListenersConfigDump').flatMap((config) => [
      ...list(config, 'dynamic_listeners').flatMap((entry) =>
        optional(at(entry, 'active_state', 'listener')),
      ),
      ...fixed(config, 'static_listeners').flatMap((entry) => optional(entry.listener)),
    ]),
    routes: of('RoutesConfigDump').flatMap((config) => [
      ...list(config, 'dynamic_route_configs').flatMap((entry) => optional(entry.route_config)),
      ...fixed(config, 'static_route_configs').flatMap((entry) => optional(entry.route_config)),
    ]),
    clusters: of('ClustersConfigDump').flatMap((config) => [
      ...list(config, 'dynamic_active_clusters').flatMap((entry) => optional(entry.cluster)),
      ...fixed(config, 'static_clusters').flatMap((entry) => optional(entry.cluster)),
    ]),
    secrets: of('SecretsConfigDump').flatMap((config) => [
      ...list(config, 'dynamic_active_secrets'),
      ...fixed(config, 'static_secrets'),
    ]),
    endpoints: of('EndpointsConfigDump').flatMap((config) => [
      ...list(config, 'dynamic_endpoint_configs').flatMap((entry) => optional(entry.endpoint_config)),
      // Who calls comes by EDS, too, though its cluster is the bootstrap's.
      ...list(config, 'static_endpoint_configs')
        .flatMap((entry) => optional(entry.endpoint_config))
        .filter((one) => text(one, 'cluster_name') === localCluster),
    ]),
  };
}

/** The objects in a list field; none when there is no such field. */
export function list(value: unknown, field: string): Json[] {
  const found = isObject(value) ? value[field] : undefined;
  return Array.isArray(found) ? found.filter(isObject) : [];
}

/** What a path of fields leads to. */
export function at(value: unknown, ...path: string[]): unknown {
  let now = value;
  for (const field of path) now = isObject(now) ? now[field] : undefined;
  return now;
}

export function text(value: unknown, ...path: string[]): string {
  const found = at(value, ...path);
  return found === undefined || found === null ? '' : String(found);
}

function optional(value: unknown): Json[] {
  return isObject(value) ? [value] : [];
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
