/** The xDS resource types that we speak, in the order in which they are made: users after what they use. */
export const typeUrls = {
  cluster: 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
  endpoint: 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
  listener: 'type.googleapis.com/envoy.config.listener.v3.Listener',
  route: 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
  /** Of route tables whose virtual hosts are resources of their own (VHDS), named `<table>/<virtual host>`. */
  virtualHost: 'type.googleapis.com/envoy.config.route.v3.VirtualHost',
  secret: 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret',
  /** Istio's: who may call, for metrics of connections that carry no metadata. */
  workload: 'type.googleapis.com/istio.workload.Workload',
} as const;

export type XdsType = keyof typeof typeUrls;

/** All types, in the order of `typeUrls`. */
export const xdsTypes = Object.keys(typeUrls) as readonly XdsType[];

/** One value for each type. */
export function byType<T>(make: (type: XdsType) => T): Record<XdsType, T> {
  return Object.fromEntries(xdsTypes.map((type) => [type, make(type)])) as Record<XdsType, T>;
}

/**
 * What a resource belongs to, if those of its type are subscribed to as a whole: virtual hosts by the name of their
 * route table. A virtual host's own name has no slash, a table's may have (Envoy reads from the right, too).
 */
export function collectionOf(type: XdsType, name: string): string | undefined {
  if (type !== 'virtualHost') return undefined;
  const end = name.lastIndexOf('/');
  return end < 0 ? undefined : name.slice(0, end);
}

/** Whether a subscription to these names is to this resource. */
export function isNamedBy(names: ReadonlySet<string>, type: XdsType, name: string): boolean {
  if (names.has(name)) return true;
  const collection = collectionOf(type, name);
  return collection !== undefined && names.has(collection);
}

/** The name of a virtual host as a resource. */
export const virtualHostName = (table: string, host: string): string => `${table}/${host}`;

/** Sent by a proxy's side to say whether its application serves; the type URL is Istio's. */
export const healthTypeUrl = 'type.googleapis.com/istio.v1.HealthInformation';

/** Which user resource, and which field of it, a compiled resource stems from. */
export interface Origin {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly generation: number;
  /** `spec.http[0]`; empty for the whole. */
  readonly path: string;
}

/** One compiled xDS resource: serialised once, shared by every proxy that gets it. */
export interface XdsResource {
  readonly name: string;
  /** Hash of `bytes`: equal content, equal version. */
  readonly version: string;
  /** The protobuf message, as the value of an Any of its type's URL. */
  readonly bytes: Uint8Array;
  readonly origins: readonly Origin[];
}

/** All that one proxy should have. Immutable; replaced as a whole. */
export type Snapshot = Readonly<Record<XdsType, ReadonlyMap<string, XdsResource>>>;

/**
 * Envoy's `local_cluster_name`: the cluster whose endpoints are the instances of the proxy's own service. Called as
 * Istio calls it.
 */
export const localCluster = 'local_cluster';
