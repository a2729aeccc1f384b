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
}

export function readConfigDump(dump: unknown): ProxyConfig {
  const configs = list(dump, 'configs');
  const of = (type: string): Json[] =>
    configs.filter((config) => String(config['@type'] ?? '').endsWith(type));
  return {
    listeners: of('ListenersConfigDump').flatMap((config) => [
      ...list(config, 'dynamic_listeners').flatMap((entry) =>
        optional(at(entry, 'active_state', 'listener')),
      ),
      ...list(config, 'static_listeners').flatMap((entry) => optional(entry.listener)),
    ]),
    routes: of('RoutesConfigDump').flatMap((config) => [
      ...list(config, 'dynamic_route_configs').flatMap((entry) => optional(entry.route_config)),
      ...list(config, 'static_route_configs').flatMap((entry) => optional(entry.route_config)),
    ]),
    clusters: of('ClustersConfigDump').flatMap((config) => [
      ...list(config, 'dynamic_active_clusters').flatMap((entry) => optional(entry.cluster)),
      ...list(config, 'static_clusters').flatMap((entry) => optional(entry.cluster)),
    ]),
    secrets: of('SecretsConfigDump').flatMap((config) => [
      ...list(config, 'dynamic_active_secrets'),
      ...list(config, 'static_secrets'),
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
