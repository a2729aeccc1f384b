import type { JsonObject, JsonValue } from '@tulle/xds/json';
import type { XdsType } from '@tulle/xds/resource';
import type { AdminSources, ConfigDumpEntry } from './sources.ts';

const dumpType = (name: string): string => `type.googleapis.com/envoy.admin.v3.${name}`;

/**
 * `/config_dump`: envoy.admin.v3.ConfigDump as Envoy shapes it: one section per resource type, proto field
 * names.
 *
 * @param wanted `?resource=`: only this section's list, e.g. `dynamic_active_clusters`
 */
export function configDump(sources: AdminSources, wanted?: string): JsonObject {
  const entries = sources.configDump();
  const of = (type: XdsType): ConfigDumpEntry[] => entries.filter((entry) => entry.type === type);
  const sections: JsonObject[] = [
    { '@type': dumpType('BootstrapConfigDump'), bootstrap: redact(sources.bootstrap()) },
    {
      '@type': dumpType('ClustersConfigDump'),
      version_info: latest(of('cluster')),
      dynamic_active_clusters: of('cluster').map((entry) => ({
        version_info: entry.version,
        cluster: shown(entry),
      })),
    },
    {
      '@type': dumpType('EndpointsConfigDump'),
      dynamic_endpoint_configs: of('endpoint').map((entry) => ({
        version_info: entry.version,
        endpoint_config: shown(entry),
      })),
    },
    {
      '@type': dumpType('ListenersConfigDump'),
      version_info: latest(of('listener')),
      dynamic_listeners: of('listener').map((entry) => ({
        name: entry.name,
        active_state: { version_info: entry.version, listener: shown(entry) },
      })),
    },
    {
      '@type': dumpType('RoutesConfigDump'),
      dynamic_route_configs: of('route').map((entry) => ({
        version_info: entry.version,
        route_config: shown(entry),
      })),
    },
    {
      '@type': dumpType('SecretsConfigDump'),
      dynamic_active_secrets: of('secret').map((entry) => ({
        name: entry.name,
        version_info: entry.version,
        secret: shown(entry),
      })),
    },
  ];
  if (wanted === undefined) return { configs: sections };
  const list = sections.map((section) => section[wanted]).find((value) => Array.isArray(value));
  return { configs: Array.isArray(list) ? list : [] };
}

function latest(entries: readonly ConfigDumpEntry[]): string {
  return entries.at(-1)?.version ?? '';
}

function shown({ resource }: ConfigDumpEntry): JsonValue {
  return redact(protoNames(resource));
}

/** Fields whose content is the user's: keys are not field names. */
const opaque: ReadonlySet<string> = new Set(['filterMetadata', 'jsonFormat', 'metadataMatch', 'labels']);
/** Maps of messages: their keys are names, what is below them are fields again. */
const maps: ReadonlySet<string> = new Set([
  'typedPerFilterConfig',
  'typedExtensionProtocolOptions',
  'typedFilterMetadata',
]);

/** Field names as in the proto files: `tlsContext` ⇒ `tls_context`. */
function protoNames(value: JsonValue, parent = ''): JsonValue {
  if (Array.isArray(value)) return value.map((item) => protoNames(item, parent));
  if (typeof value !== 'object' || value === null) return value;
  const object: JsonObject = {};
  for (const [key, field] of Object.entries(value)) {
    const name = maps.has(parent) || key.startsWith('@') ? key : snakeCase(key);
    const isLabels = parent === 'transportSocketMatches' && key === 'match';
    object[name] = isLabels || opaque.has(key) ? field : protoNames(field, key);
  }
  return object;
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

const secretFields =
  /^(private_?key|password|passphrase|enrolment_?token|token|session_?ticket_?keys|generic_?secret)$/i;

/** A second lock on the door: sources redact too. */
function redact(value: JsonValue, name = ''): JsonValue {
  if (secretFields.test(name)) return '[redacted]';
  if (typeof value === 'string') return value.includes('PRIVATE KEY-----') ? '[redacted]' : value;
  if (Array.isArray(value)) return value.map((item) => redact(item));
  if (typeof value !== 'object' || value === null) return value;
  const object: JsonObject = {};
  for (const [key, field] of Object.entries(value)) object[key] = redact(field, key);
  return object;
}
