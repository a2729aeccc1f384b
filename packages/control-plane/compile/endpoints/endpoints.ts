import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { isIpAddress } from '@tulle/resources/schema/host';
import { HealthStatus } from '@tulle/xds/gen/envoy/config/core/v3/health_check_pb.js';
import type {
  LbEndpointSchema,
  LocalityLbEndpointsSchema,
} from '@tulle/xds/gen/envoy/config/endpoint/v3/endpoint_components_pb.js';
import { ClusterLoadAssignmentSchema } from '@tulle/xds/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import type { XdsResource } from '@tulle/xds/resource';
import { canonicalName, canonicalRevision } from '../../model/instances/canonical.ts';
import type { WorkloadInstance } from '../../model/instances/instance.ts';
import type { Model } from '../../model/model.ts';
import { compare } from '../../model/origin.ts';
import { selects } from '../../model/selector.ts';
import type { ListedEndpoint, ServicePort } from '../../model/services/service.ts';
import { withTopology } from '../../model/traffic/locality.ts';
import type { ClusterRef } from '../clusters/cluster-ref.ts';
import { addressOf, isSocketPath } from '../messages/address.ts';
import { metadata } from '../messages/origins.ts';
import { named } from '../messages/serialize.ts';
import { place } from './locality.ts';

type LoadAssignment = MessageInitShape<typeof ClusterLoadAssignmentSchema>;
type LbEndpoint = MessageInitShape<typeof LbEndpointSchema>;
type LocalityEndpoints = MessageInitShape<typeof LocalityLbEndpointsSchema>;

/** An endpoint before it is put into its locality. */
interface Candidate {
  readonly address: string;
  readonly port: number;
  readonly locality: string;
  /** With its topology. */
  readonly labels: Readonly<Record<string, string>>;
  readonly weight: number;
  /** It takes mTLS. */
  readonly mutual: boolean;
  readonly endpoint: LbEndpoint;
}

export const healthOf = {
  healthy: HealthStatus.HEALTHY,
  unhealthy: HealthStatus.UNHEALTHY,
  draining: HealthStatus.DRAINING,
} as const;

/**
 * The endpoints of an EDS cluster. An address that is a name has no place in one (Envoy: "malformed IP address"):
 * it is left out, for with it a proxy would refuse all the others, too.
 */
export function endpointsOf(ref: ClusterRef, model: Model): XdsResource {
  const { name, service, port, subset, onlyMutual = false } = ref;
  const labels = subset?.spec.labels ?? {};
  const instances = (model.instances.byService.get(service.key) ?? [])
    .filter((instance) => selects(labels, instance.labels))
    .flatMap((instance) => instanceEndpoint(instance, port, model) ?? [])
    .filter(({ mutual }) => mutual || !onlyMutual);
  const listed = (onlyMutual ? [] : service.listed)
    .filter((endpoint) => selects(labels, endpoint.labels))
    .map((endpoint) => listedEndpoint(endpoint, port));
  const usable = [...instances, ...listed].filter(
    ({ address }) => isIpAddress(address) || isSocketPath(address),
  );
  const message = create(ClusterLoadAssignmentSchema, assignment(ref, usable));
  return named(name, toBinary(ClusterLoadAssignmentSchema, message), [service.origin]);
}

/** The endpoints that a service's own resource lists, inside its cluster. */
export function listedAssignment(ref: ClusterRef): LoadAssignment {
  const { service, port, subset } = ref;
  const labels = subset?.spec.labels ?? {};
  const chosen = service.listed.filter((endpoint) => selects(labels, endpoint.labels));
  return assignment(
    ref,
    chosen.map((endpoint) => listedEndpoint(endpoint, port)),
  );
}

/** The port of an instance that a service's port means: by number, by name, else the number itself. */
function instancePort(
  instance: WorkloadInstance,
  { targetPort, name, number }: ServicePort,
): number | undefined {
  const { ports } = instance;
  if (typeof targetPort === 'string') return ports.find((port) => port.name === targetPort)?.target;
  const found = ports.find((port) => port.port === targetPort);
  const byName = instance.portsByName === true ? ports.find((port) => port.name === name) : undefined;
  return (byName ?? found)?.target ?? (instance.tlsMode === 'disabled' ? targetPort || number : undefined);
}

function instanceEndpoint(
  instance: WorkloadInstance,
  port: ServicePort,
  model: Model,
): Candidate | undefined {
  const target = instancePort(instance, port);
  if (target === undefined) return undefined;
  const { address, namespace, labels, weight, locality } = instance;
  const workloadPort = instance.ports.find((known) => known.target === target)?.port ?? target;
  const { mode } = model.config.peerAuthentications.decide(namespace, labels, workloadPort);
  const tlsMode = mode === 'DISABLE' ? 'disabled' : instance.tlsMode;
  return {
    address,
    port: target,
    locality,
    labels: withTopology(labels, instance),
    weight,
    mutual: tlsMode === 'istio',
    endpoint: {
      ...hostIdentifier(address, target),
      healthStatus: healthOf[instance.health],
      loadBalancingWeight: Math.max(1, weight),
      metadata: metadata([], {
        ...(tlsMode === 'istio' && { 'envoy.transport_socket_match': { tlsMode } }),
        istio: { workload: workloadLabel(instance) },
      }),
    },
  };
}

/** Istio's endpoint label: `workload;namespace;canonical name;canonical revision;cluster`. */
function workloadLabel({ workload, namespace, labels, cluster }: WorkloadInstance): string {
  const name = canonicalName(labels, workload);
  return [workload, namespace, name, canonicalRevision(labels), cluster].join(';');
}

function listedEndpoint(listed: ListedEndpoint, port: ServicePort): Candidate {
  // A port may be called constructor.
  const own = Object.hasOwn(listed.ports, port.name) ? listed.ports[port.name] : undefined;
  const target = own ?? (typeof port.targetPort === 'number' ? port.targetPort : port.number);
  return {
    address: listed.address,
    port: target,
    locality: listed.locality,
    labels: withTopology(listed.labels, { locality: listed.locality, network: '', cluster: '' }),
    weight: listed.weight,
    mutual: false,
    endpoint: { ...hostIdentifier(listed.address, target), loadBalancingWeight: listed.weight },
  };
}

export const hostIdentifier = (address: string, port: number): Pick<LbEndpoint, 'hostIdentifier'> => ({
  hostIdentifier: { case: 'endpoint', value: { address: addressOf(address, port) } },
});

/** By priority, locality, then address: the same in whatever order endpoints were found; each address once. */
function assignment(
  { name: clusterName, placement }: ClusterRef,
  candidates: readonly Candidate[],
): LoadAssignment {
  const unique = new Map<string, Candidate>();
  for (const candidate of candidates) {
    const key = `${candidate.address} ${candidate.port}`;
    if (!unique.has(key)) unique.set(key, candidate);
  }
  const sorted = [...unique.values()].toSorted((a, b) => compare(a.address, b.address) || a.port - b.port);
  return {
    clusterName,
    endpoints: place(sorted, placement).map(({ locality, priority, weight, members }) => ({
      ...localityFields(locality),
      lbEndpoints: members.map((member) => member.endpoint),
      loadBalancingWeight: weight,
      priority,
    })),
  };
}

/** @param name `region/zone/subzone`, or empty */
export function localityFields(name: string): Pick<LocalityEndpoints, 'locality'> {
  const [region = '', zone = '', subZone = ''] = name.split('/');
  return name === '' ? {} : { locality: { region, zone, subZone } };
}
