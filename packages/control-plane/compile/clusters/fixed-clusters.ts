import { create } from '@bufbuild/protobuf';
import {
  Cluster_DiscoveryType,
  Cluster_LbPolicy,
  ClusterSchema,
} from '@tulle/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import type { XdsResource } from '@tulle/xds/resource';
import type { MeshSettings } from '../../model/mesh/mesh.ts';
import type { Protocol } from '../../model/services/protocol.ts';
import { portTo, type Service } from '../../model/services/service.ts';
import { addressOf } from '../messages/address.ts';
import { cached, cachedByName } from '../messages/cached.ts';
import { metadata } from '../messages/origins.ts';
import { resource } from '../messages/serialize.ts';
import { layerOf } from '../scope/protocol.ts';
import type { ServedPort } from '../scope/served-ports.ts';
import { circuitBreakers, connectTimeout, tcpKeepalive } from './cluster-policy.ts';
import { blackHoleCluster, passthroughCluster } from './cluster-ref.ts';
import { applicationProtocol, httpOptions } from './http-protocol.ts';
import { forwardDiscovery } from './outbound-cluster.ts';
import { statName } from './stat-name.ts';

/** Hosts outside the mesh: those that requests name, or where captured connections were going. */
const passthroughTo = (mesh: MeshSettings, captured: boolean): XdsResource =>
  resource(
    ClusterSchema,
    create(ClusterSchema, {
      name: passthroughCluster,
      clusterDiscoveryType: forwardDiscovery(captured),
      lbPolicy: Cluster_LbPolicy.CLUSTER_PROVIDED,
      connectTimeout: connectTimeout({}, mesh),
      circuitBreakers: circuitBreakers({}),
      ...httpOptions('downstream'),
    }),
    [],
  );

const blackHole = (mesh: MeshSettings): XdsResource =>
  resource(
    ClusterSchema,
    create(ClusterSchema, {
      name: blackHoleCluster,
      clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.STATIC },
      connectTimeout: connectTimeout({}, mesh),
    }),
    [],
  );

const made = new WeakMap<MeshSettings, Map<string, readonly XdsResource[]>>();

/** Clusters that every proxy has, whatever its mesh holds. */
export function fixedClusters(mesh: MeshSettings, captured: boolean): readonly XdsResource[] {
  const ofMesh = cached(made, mesh, () => new Map<string, readonly XdsResource[]>());
  return cachedByName(ofMesh, String(captured), () => [blackHole(mesh), passthroughTo(mesh, captured)]);
}

/** @param port its number, or a Unix socket */
export const inboundClusterName = (port: string): string => `inbound|${port}||`;

/** The application behind a sidecar's port. @param services that lead to it: what metrics of callers are told under */
export function inboundCluster(
  port: ServedPort,
  protocol: Protocol,
  services: readonly Service[],
  mesh: MeshSettings,
): XdsResource {
  const { origins, app } = port;
  const settings = { connectionPool: port.connectionPool };
  const keepsProtocol = port.connectionPool?.http?.useClientProtocol === true;
  const spoken = keepsProtocol ? 'downstream' : applicationProtocol(protocol);
  const istio = { services: services.map(({ host, name, namespace }) => ({ host, name, namespace })) };
  const name = inboundClusterName(port.id);
  return resource(
    ClusterSchema,
    create(ClusterSchema, {
      name,
      ...inboundStatName(port, services, mesh),
      clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.STATIC },
      connectTimeout: connectTimeout(settings, mesh),
      circuitBreakers: circuitBreakers(settings),
      ...tcpKeepalive(settings),
      loadAssignment: {
        clusterName: name,
        endpoints: [
          {
            lbEndpoints: [
              {
                hostIdentifier: {
                  case: 'endpoint',
                  value: { address: addressOf(app.address, app.port) },
                },
              },
            ],
          },
        ],
      },
      ...(layerOf(protocol) !== 'tcp' && httpOptions(spoken, settings)),
      metadata: metadata(origins, services.length === 0 ? {} : { istio }),
    }),
    origins,
  );
}

/** Of several services the first gives its name. */
function inboundStatName(served: ServedPort, [service]: readonly Service[], { statNames }: MeshSettings) {
  if (service === undefined) return {};
  return statName(statNames.inbound, {
    service,
    port: portTo(service, served) ?? { number: served.port, name: served.name ?? '' },
    targetPort: served.port,
  });
}
