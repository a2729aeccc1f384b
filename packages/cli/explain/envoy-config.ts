import { type DescMessage, fromJson, type JsonValue, toBinary } from '@bufbuild/protobuf';
import type { RawResources } from '@tulle/data-plane/config/last-good';
import { filterReaders } from '@tulle/data-plane/config/translate/filters/filter-readers';
import { translateResource } from '@tulle/data-plane/config/translate/resource';
import { ClusterSchema } from '@tulle/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import { ClusterLoadAssignmentSchema } from '@tulle/xds/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { ListenerSchema } from '@tulle/xds/gen/envoy/config/listener/v3/listener_pb.js';
import { RouteConfigurationSchema } from '@tulle/xds/gen/envoy/config/route/v3/route_pb.js';
import { registry } from '@tulle/xds/gen/registry.js';
import { byType, type XdsType } from '@tulle/xds/resource';
import { isObject, type Json, type ProxyConfig, text } from '../api/config-dump.ts';

/** What an Envoy has, in messages that our engine reads. */
export interface EnvoyConfig {
  readonly resources: RawResources;
  /** What our engine has no words for: it plays no part in what is explained. */
  readonly leftOut: readonly string[];
}

/** Where an Envoy that we started gets its secrets, and whom it believes: nothing that decides where a request goes. */
const elsewhere: Readonly<Record<string, Json>> = {
  api_config_source: { ads: {} },
  internal_address_config: {},
};

/** @param config the dynamic part of its `/config_dump?include_eds`; the rest is its bootstrap */
export function readEnvoyConfig(config: ProxyConfig): EnvoyConfig {
  const leftOut: string[] = [];
  const read = (type: XdsType, schema: DescMessage, nameField: string, all: readonly Json[]) =>
    all.flatMap((one) => {
      const name = text(one, nameField);
      const message = withOurs(one) as Json;
      const bytes = readable(type, schema, name, message, (what) =>
        leftOut.push(`${type} ${name}${what === '' ? '' : `: ${what}`}`),
      );
      return bytes === undefined ? [] : [{ name, version: '', bytes }];
    });
  const found: Partial<Record<XdsType, RawResources[XdsType]>> = {
    cluster: read('cluster', ClusterSchema, 'name', config.clusters),
    endpoint: read('endpoint', ClusterLoadAssignmentSchema, 'cluster_name', config.endpoints),
    listener: read('listener', ListenerSchema, 'name', config.listeners),
    route: read('route', RouteConfigurationSchema, 'name', config.routes),
  };
  return { resources: byType((type) => found[type] ?? []), leftOut };
}

function withOurs(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withOurs);
  if (!isObject(value)) return value;
  const fields = Object.entries(value).map(([name, own]): [string, unknown][] => {
    const known = elsewhere[name];
    return known === undefined ? [[name, withOurs(own)]] : Object.entries(known);
  });
  return Object.fromEntries(fields.flat());
}

/** Bytes that our engine takes: what it refuses is taken out, and told, until nothing is refused or nothing is left. */
function readable(
  type: XdsType,
  schema: DescMessage,
  name: string,
  message: Json,
  onLeftOut: (what: string) => void,
): Uint8Array | undefined {
  for (let last: string[] = []; ; ) {
    const made = encode(schema, message);
    if (made.bytes === undefined) {
      onLeftOut(made.reason);
      return undefined;
    }
    const read = translateResource(type, name, made.bytes, filterReaders);
    if (read.ok) return made.bytes;
    const path = read.reason.split(': ', 1)[0]?.match(/[^.[\]]+/g) ?? [];
    // What was taken out was needed: its owner goes, too.
    const gone = path.length <= last.length && path.every((step, at) => step === last[at]);
    last = gone ? last.slice(0, -1) : path;
    if (!gone) onLeftOut(read.reason);
    if (last.length === 0 || !remove(message, last)) return undefined;
  }
}

function encode(schema: DescMessage, message: Json) {
  try {
    const options = { registry, ignoreUnknownFields: true };
    return { bytes: toBinary(schema, fromJson(schema, message as JsonValue, options)), reason: '' };
  } catch (error) {
    return { bytes: undefined, reason: (error as Error).message };
  }
}

/** Takes out what a path leads to; the nearest that is there, when the end of it is not. */
function remove(message: Json, path: readonly string[]): boolean {
  let owner: unknown = message;
  for (const [at, step] of path.entries()) {
    const next: unknown = isObject(owner) || Array.isArray(owner) ? Reflect.get(owner, step) : undefined;
    if (next === undefined) return at > 0 && remove(message, path.slice(0, at));
    if (at < path.length - 1) owner = next;
    else if (Array.isArray(owner)) owner.splice(Number(step), 1);
    else return Reflect.deleteProperty(owner as Json, step);
  }
  return path.length > 0;
}
