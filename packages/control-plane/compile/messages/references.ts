import type { Message } from '@bufbuild/protobuf';
import { type Any, anyUnpack } from '@bufbuild/protobuf/wkt';
import { registry } from '@tulle/xds/gen/registry.js';
import type { XdsResource, XdsType } from '@tulle/xds/resource';

/** A name of another resource that a resource uses; nothing refers to workloads, or to a virtual host by name. */
export interface Reference {
  readonly type: Exclude<XdsType, 'workload' | 'virtualHost'>;
  readonly name: string;
}

/** Fields (by their names in messages) that hold names of other resources. */
const referring: Readonly<Record<string, readonly [field: string, type: Reference['type']]>> = {
  'envoy.config.route.v3.RouteAction.RequestMirrorPolicy': ['cluster', 'cluster'],
  'envoy.config.route.v3.WeightedCluster.ClusterWeight': ['name', 'cluster'],
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.WeightedCluster.ClusterWeight': ['name', 'cluster'],
  'envoy.extensions.filters.network.http_connection_manager.v3.Rds': ['routeConfigName', 'route'],
  'envoy.config.core.v3.GrpcService.EnvoyGrpc': ['clusterName', 'cluster'],
  'envoy.config.cluster.v3.Cluster.EdsClusterConfig': ['serviceName', 'endpoint'],
  'envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig': ['name', 'secret'],
};

const byResource = new WeakMap<XdsResource, readonly Reference[]>();
const byAny = new WeakMap<Any, readonly Reference[]>();

/** Remembers what a message that becomes `resource` refers to; so nobody who builds one has to. */
export function rememberReferences(resource: XdsResource, message: Message): void {
  byResource.set(resource, referencesOf(message));
}

/** The same for one that is made of a message and of parts that are known. */
export function rememberAssembled(
  resource: XdsResource,
  message: Message,
  parts: Iterable<readonly Reference[]>,
): void {
  const found = new Map(referencesOf(message).map((reference) => [keyOf(reference), reference]));
  for (const references of parts) for (const reference of references) add(reference, found);
  byResource.set(resource, [...found.values()]);
}

/** The same for one that has the bytes of another. */
export function rememberCopy(copy: XdsResource, of: XdsResource): void {
  byResource.set(copy, referencesIn(of));
}

/** The same for a message that is packed, so that nobody has to unpack it. */
export function rememberPacked(any: Any, message: Message): void {
  byAny.set(any, referencesOf(message));
}

/** A reference that leads nowhere. */
export interface Dangling {
  readonly from: XdsResource;
  readonly reference: Reference;
}

/**
 * The first name that `resources` use and `has` does not know.
 * @throws Error for a resource that was not made by `serialize.ts`
 */
export function findDangling(
  resources: Iterable<XdsResource>,
  has: (reference: Reference) => boolean,
): Dangling | undefined {
  for (const from of resources)
    for (const reference of referencesIn(from)) if (!has(reference)) return { from, reference };
  return undefined;
}

/** @throws Error for a resource that was not made by `serialize.ts` */
export function referencesIn(resource: XdsResource): readonly Reference[] {
  const references = byResource.get(resource);
  if (references === undefined) throw new Error(`nobody knows what ${resource.name} refers to`);
  return references;
}

/** What somebody else packed (EnvoyFilter); undefined for a type that we don't know. */
const content = (any: Any): Message | undefined => anyUnpack(any, registry);

/** What a message refers to. */
export function referencesOf(message: Message | undefined): readonly Reference[] {
  const found = new Map<string, Reference>();
  visit(message, found);
  return [...found.values()];
}

/** Messages are plain objects; a oneof is `{ case, value }`; maps and lists are objects and arrays. */
function visit(value: unknown, found: Map<string, Reference>): void {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
  if (Array.isArray(value)) {
    for (const item of value) visit(item, found);
    return;
  }
  const object = value as Readonly<Record<string, unknown>>;
  const typeName = object.$typeName;
  if (typeName === 'google.protobuf.Any') {
    for (const reference of byAny.get(value as Any) ?? referencesOf(content(value as Any)))
      add(reference, found);
    return;
  }
  const known = typeof typeName === 'string' ? referring[typeName] : undefined;
  if (known !== undefined) addName(known[1], object[known[0]], found);
  // RouteAction, TcpProxy and HttpUri choose their only cluster in a oneof.
  for (const choice of [object.clusterSpecifier, object.httpUpstreamType] as (Choice | undefined)[])
    if (choice?.case === 'cluster') addName('cluster', choice.value, found);
  for (const key in object) visit(object[key], found);
}

interface Choice {
  readonly case?: string;
  readonly value?: unknown;
}

function addName(type: Reference['type'], name: unknown, found: Map<string, Reference>): void {
  if (typeof name === 'string' && name !== '') add({ type, name }, found);
}

function add(reference: Reference, found: Map<string, Reference>): void {
  found.set(keyOf(reference), reference);
}

const keyOf = ({ type, name }: Reference): string => `${type} ${name}`;
