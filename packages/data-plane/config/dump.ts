import { joinedRoutes } from '@tulle/xds/joined-routes';
import type { JsonObject, JsonValue } from '@tulle/xds/json';
import { typeUrls, type XdsType } from '@tulle/xds/resource';
import { decode, type Messages, type protobuf_Any, WireError } from '@tulle/xds/wire';
import type { RawResources } from './last-good.ts';
import { messageName } from './translate/values/problems.ts';

/** One resource that is in force, readable. */
export interface DumpEntry {
  readonly type: XdsType;
  readonly typeUrl: string;
  readonly name: string;
  readonly version: string;
  /** The message as JSON: proto field names in camel case, bytes in base64; nested Any opened where known. */
  readonly resource: JsonObject;
}

const order: readonly XdsType[] = ['listener', 'route', 'cluster', 'endpoint', 'secret', 'workload'];

/** Route tables with the virtual hosts that came by themselves in them. */
export function dumpResources(resources: RawResources): DumpEntry[] {
  const joined = { ...resources, route: joinedRoutes(resources.route, resources.virtualHost) };
  return order.flatMap((type) =>
    joined[type].map(({ name, version, bytes }) => ({
      type,
      typeUrl: typeUrls[type],
      name,
      version,
      resource: type === 'secret' ? redacted(bytes) : openAny({ typeUrl: typeUrls[type], value: bytes }),
    })),
  );
}

/** Certificates are public, keys are not. */
function redacted(bytes: Uint8Array): JsonObject {
  const resource = openAny({ typeUrl: typeUrls.secret, value: bytes });
  const certificate = resource.tlsCertificate;
  if (typeof certificate === 'object' && certificate !== null) {
    (certificate as JsonObject).privateKey = { inlineString: '[redacted]' };
  }
  return resource;
}

function openAny(any: protobuf_Any): JsonObject {
  try {
    const message = decode(messageName(any) as keyof Messages, any.value);
    return { '@type': any.typeUrl, ...(toJson(message) as JsonObject) };
  } catch (error) {
    // A message that we have no table for, or damage: shown as it is.
    if (!(error instanceof WireError) && !(error instanceof TypeError)) throw error;
    return { '@type': any.typeUrl, value: Buffer.from(any.value).toString('base64') };
  }
}

function toJson(value: unknown): JsonValue {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (value instanceof Map)
    return Object.fromEntries([...value].map(([key, field]) => [String(key), toJson(field)]));
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value !== 'object' || value === null) return value as JsonValue;
  const object = value as Record<string, unknown>;
  if (typeof object.typeUrl === 'string' && object.value instanceof Uint8Array)
    return openAny(object as unknown as protobuf_Any);
  const fields = Object.entries(object).filter(([, field]) => !isEmpty(field));
  return Object.fromEntries(fields.map(([key, field]) => [key, toJson(field)]));
}

const isEmpty = (value: unknown): boolean =>
  value === '' || (Array.isArray(value) && value.length === 0) || (value instanceof Map && value.size === 0);
