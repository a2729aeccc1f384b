import { create, toBinary } from '@bufbuild/protobuf';
import { ClusterLoadAssignmentSchema } from '@tulle/xds/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { localCluster, type XdsResource } from '@tulle/xds/resource';
import { canonicalName } from '../../model/instances/canonical.ts';
import type { WorkloadInstance } from '../../model/instances/instance.ts';
import type { InstanceIndex } from '../../model/instances/instances.ts';
import type { Model } from '../../model/model.ts';
import { compare } from '../../model/origin.ts';
import { cached, cachedByName } from '../messages/cached.ts';
import { named } from '../messages/serialize.ts';
import type { ProxyDescription } from '../proxy.ts';
import { hasAddress, healthOf, hostIdentifier, localityFields } from './endpoints.ts';

type Resources = ReadonlyMap<string, XdsResource>;

/**
 * A proxy's endpoints, and with them those of its own service, by which it knows how large a part of the calls to
 * others its zone makes. An Envoy always asks for them, for they are in its bootstrap; nobody needs to know them
 * where no cluster looks at zones.
 */
export function withLocalCluster(
  model: Model,
  proxy: ProxyDescription,
  endpoints: Resources,
  zonesCount: boolean,
): Resources {
  if (!zonesCount && proxy.metadata.TULLE_ENGINE === 'tulle') return endpoints;
  const own = zonesCount ? callersOf(model.instances, proxy) : nobody;
  const ofEndpoints = cached(made, endpoints, () => new WeakMap<XdsResource, Resources>());
  return cached(ofEndpoints, own, () => new Map([...endpoints, [localCluster, own]]));
}

/** The same map for all proxies of a service that have the same endpoints. */
const made = new WeakMap<Resources, WeakMap<XdsResource, Resources>>();

const services = new WeakMap<InstanceIndex, Services>();

interface Services {
  readonly instances: ReadonlyMap<string, readonly WorkloadInstance[]>;
  readonly assignments: Map<string, XdsResource>;
}

/** A service is what Istio takes for one: all of a canonical name and namespace, whatever their versions. */
const serviceOf = (namespace: string, labels: Readonly<Record<string, string>>, workload: string): string =>
  `${namespace}/${canonicalName(labels, workload)}`;

function callersOf(instances: InstanceIndex, { metadata }: ProxyDescription): XdsResource {
  const { NAMESPACE, LABELS, WORKLOAD_NAME } = metadata;
  const key = serviceOf(NAMESPACE, LABELS, WORKLOAD_NAME);
  const known = cached(services, instances, () => ({
    instances: Map.groupBy(instances.all, ({ namespace, labels, workload }) =>
      serviceOf(namespace, labels, workload),
    ),
    assignments: new Map<string, XdsResource>(),
  }));
  return cachedByName(known.assignments, key, () => assignment(known.instances.get(key) ?? []));
}

function assignment(instances: readonly WorkloadInstance[]): XdsResource {
  const sorted = instances.filter(hasAddress).toSorted((a, b) => compare(a.name, b.name));
  // Nobody calls them there. Those that serve nothing have addresses, too, for Envoy tells hosts apart by them.
  const hosts = sorted.map(({ address, ports, health, locality }, at) => ({
    locality,
    endpoint: { ...hostIdentifier(address, ports[0]?.target ?? at + 1), healthStatus: healthOf[health] },
  }));
  const byLocality = [...Map.groupBy(hosts, ({ locality }) => locality)];
  const message = create(ClusterLoadAssignmentSchema, {
    clusterName: localCluster,
    endpoints: byLocality
      .toSorted(([a], [b]) => compare(a, b))
      .map(([locality, members]) => ({
        ...localityFields(locality),
        lbEndpoints: members.map(({ endpoint }) => endpoint),
      })),
  });
  return named(localCluster, toBinary(ClusterLoadAssignmentSchema, message), []);
}

const nobody = assignment([]);
