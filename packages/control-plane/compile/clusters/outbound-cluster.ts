import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  Cluster_DiscoveryType,
  Cluster_DnsLookupFamily,
  Cluster_LbPolicy,
  ClusterSchema,
} from '@tulle/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import { ClusterConfigSchema } from '@tulle/xds/gen/envoy/extensions/clusters/dynamic_forward_proxy/v3/cluster_pb.js';
import type { XdsResource } from '@tulle/xds/resource';
import type { ConfigModel, Model } from '../../model/model.ts';
import { compare } from '../../model/origin.ts';
import { listedAssignment } from '../endpoints/endpoints.ts';
import { ads } from '../messages/config-source.ts';
import { duration } from '../messages/duration.ts';
import { metadata } from '../messages/origins.ts';
import { any, resource } from '../messages/serialize.ts';
import type { Engine } from '../proxy.ts';
import { layerOf } from '../scope/protocol.ts';
import { clientTls } from '../tls/client-tls.ts';
import { balancing } from './balancing.ts';
import { circuitBreakers, connectTimeout, outlierDetection, tcpKeepalive } from './cluster-policy.ts';
import type { ClusterRef } from './cluster-ref.ts';
import { healthChecks } from './health-check.ts';
import { httpOptions, outboundProtocol } from './http-protocol.ts';
import { isShared, localityConfig } from './locality-config.ts';
import { statName } from './stat-name.ts';

type Cluster = MessageInitShape<typeof ClusterSchema>;
/** What says how a cluster finds its endpoints. */
type DiscoveryFields = Pick<
  Cluster,
  | 'clusterDiscoveryType'
  | 'edsClusterConfig'
  | 'dnsLookupFamily'
  | 'respectDnsTtl'
  | 'dnsRefreshRate'
  | 'loadAssignment'
  | 'lbPolicy'
  | 'lbConfig'
  | 'loadBalancingPolicy'
>;

/** The one DNS cache of forwarding clusters; Envoy wants its users to agree on name and settings. */
export const dnsCache = { name: 'tulle', dnsLookupFamily: Cluster_DnsLookupFamily.V4_PREFERRED };

/** Envoy's cluster for hosts that a request itself names. */
const forwardClusterType = {
  name: 'envoy.clusters.dynamic_forward_proxy',
  typedConfig: any(ClusterConfigSchema, {
    clusterImplementationSpecifier: { case: 'dnsCacheConfig', value: dnsCache },
    // Envoy fears TLS to whatever host a request names; these clusters pass on what clients send, no TLS of their own.
    allowInsecureClusterOptions: true,
  }),
};

/** Of clusters without endpoints of their own: captured connections say themselves where they were going. */
export const forwardDiscovery = (captured: boolean): ClusterDiscovery =>
  captured
    ? { case: 'type', value: Cluster_DiscoveryType.ORIGINAL_DST }
    : { case: 'clusterType', value: forwardClusterType };
type ClusterDiscovery = NonNullable<Cluster['clusterDiscoveryType']>;

/** How a cluster finds its endpoints. */
export type Discovery = 'eds' | 'dns' | 'round-robin-dns' | 'forward' | 'dynamic-dns';

/** PASSTHROUGH (DestinationRule) goes to whatever address the request names, whoever the service lists. */
export function discoveryOf({ service, settings }: ClusterRef): Discovery {
  const { resolution } = service;
  if (resolution !== 'dynamic-dns' && settings.loadBalancer?.simple === 'PASSTHROUGH') return 'forward';
  return resolution === 'instances' ? 'eds' : resolution;
}

/** The cluster of a service's port or subset, with the policies that hold for the view it is of. */
export function outboundCluster(ref: ClusterRef, model: Model, engine: Engine): XdsResource {
  const { name, service, port, subset, rule, settings } = ref;
  const { mesh } = model.config;
  const discovered = discovery(ref, model.config);
  const checked = discovered.lbPolicy === Cluster_LbPolicy.CLUSTER_PROVIDED ? undefined : ref.healthCheck;
  const origins = [
    service.origin,
    ...(rule?.origins ?? []),
    ...(subset ? [subset.origin] : []),
    ...(checked ? [checked.origin] : []),
  ];
  const istio = {
    ...(rule && {
      config: `/apis/networking.istio.io/v1/namespaces/${rule.namespace}/destination-rule/${rule.origins[0]?.name}`,
    }),
    default_original_port: port.number,
    services: [{ host: service.host, name: service.name, namespace: service.namespace }],
    ...(subset && { subset: subset.spec.name }),
  };
  const init: Cluster = {
    name,
    ...statName(mesh.statNames.outbound, { service, port, subset: subset?.spec.name ?? '' }),
    ...discovered,
    connectTimeout: connectTimeout(settings, mesh),
    circuitBreakers: circuitBreakers(settings),
    // Endpoints that are not ready are sent as such; by Envoy's default they would be used when most are.
    commonLbConfig: {
      healthyPanicThreshold: { value: settings.outlierDetection?.minHealthPercent ?? 0 },
      ...localityConfig(ref, discovered, engine),
    },
    ...outlierDetection(settings),
    ...tcpKeepalive(settings),
    ...(checked && healthChecks(ref, engine)),
    ...(layerOf(port.protocol) !== 'tcp' && httpOptions(outboundProtocol(ref, engine), settings)),
    ...clientTls(ref, model, engine),
    metadata: metadata(origins, { istio: sortedObject(istio) }),
  };
  const message = create(ClusterSchema, init);
  return resource(ClusterSchema, message, origins);
}

function discovery(ref: ClusterRef, config: ConfigModel): DiscoveryFields {
  const { name, settings } = ref;
  const { dnsRefreshRate } = config.mesh;
  switch (discoveryOf(ref)) {
    case 'eds':
      return {
        clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.EDS },
        edsClusterConfig: { edsConfig: ads, serviceName: name },
        ...balancing(settings.loadBalancer, isShared(ref)),
      };
    case 'dns':
    case 'round-robin-dns': {
      const { STRICT_DNS, LOGICAL_DNS } = Cluster_DiscoveryType;
      return {
        clusterDiscoveryType: {
          case: 'type',
          value: ref.service.resolution === 'dns' ? STRICT_DNS : LOGICAL_DNS,
        },
        dnsLookupFamily: Cluster_DnsLookupFamily.V4_PREFERRED,
        respectDnsTtl: true,
        ...(dnsRefreshRate !== undefined && { dnsRefreshRate: duration(dnsRefreshRate) }),
        loadAssignment: listedAssignment(ref, config),
        ...balancing(settings.loadBalancer, isShared(ref)),
      };
    }
    case 'forward':
      return {
        clusterDiscoveryType: forwardDiscovery(ref.captured),
        ...balancing({ simple: 'PASSTHROUGH' }),
      };
    case 'dynamic-dns':
      return { clusterDiscoveryType: forwardDiscovery(false), ...balancing({ simple: 'PASSTHROUGH' }) };
  }
}

/** Keys in code-unit order, so that equal content has equal bytes. */
const sortedObject = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => compare(a, b))) as T;
