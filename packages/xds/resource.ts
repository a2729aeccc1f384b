/** The xDS resource types that we speak, in the order in which they are made: users after what they use. */
export const typeUrls = {
  cluster: 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
  endpoint: 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
  listener: 'type.googleapis.com/envoy.config.listener.v3.Listener',
  route: 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
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
