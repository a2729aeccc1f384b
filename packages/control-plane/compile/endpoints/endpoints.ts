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
import { instancePort } from '../../model/instances/instance-port.ts';
import type { ConfigModel, Model } from '../../model/model.ts';
import { compare } from '../../model/origin.ts';
import { selects } from '../../model/selector.ts';
import type { ListedEndpoint, Service } from '../../model/services/service.ts';
import { withTopology } from '../../model/traffic/locality.ts';
import type { ClusterRef } from '../clusters/cluster-ref.ts';
import { addressOf, isSocketPath } from '../messages/address.ts';
import { metadata } from '../messages/origins.ts';
import { named } from '../messages/serialize.ts';
import { type Group, place } from './locality.ts';
import { networkOf } from './network-of.ts';
import { type Behind, type Networked, parted, throughGateways } from './through-gateways.ts';

type LoadAssignment = MessageInitShape<typeof ClusterLoadAssignmentSchema>;
type LbEndpoint = MessageInitShape<typeof LbEndpointSchema>;
type LocalityEndpoints = MessageInitShape<typeof LocalityLbEndpointsSchema>;

/** An endpoint before it is put into its locality. */
interface Candidate extends Networked {
  /** Empty: it is known only to be behind the gateways of its network. */
  readonly address: string;
  readonly port: number;
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
  const { name, service, onlyMutual } = ref;
  const chosen = selectedBy(ref);
  const instances = (model.instances.byService.get(service.key) ?? [])
    .filter(chosen)
    .flatMap((instance) => instanceEndpoint(instance, ref, model.config) ?? []);
  const listed = service.listed.filter(chosen).map((one) => listedEndpoint(one, ref, model.config));
  const known = [...instances, ...listed].filter(({ mutual }) => mutual || onlyMutual === undefined);
  const found = parted(ref, model.networks, known);
  const near = distinct(found.near.filter(hasAddress));
  const groups =
    found.far.length === 0
      ? direct(place(near, ref.placement))
      : reached(throughGateways(place([...near, ...found.far], ref.placement), found, model.networks));
  const message = create(ClusterLoadAssignmentSchema, assignment(name, groups));
  return named(name, toBinary(ClusterLoadAssignmentSchema, message), [service.origin]);
}

/** It is an address, not a name, and not just behind some gateway. */
export const hasAddress = ({ address }: { readonly address: string }): boolean =>
  isIpAddress(address) || isSocketPath(address);

/** The endpoints that a service's own resource lists, inside its cluster: names, whose network nobody knows. */
export function listedAssignment(ref: ClusterRef, config: ConfigModel): LoadAssignment {
  const { name, service, placement } = ref;
  const listed = service.listed
    .filter(selectedBy(ref))
    .map((endpoint) => listedEndpoint(endpoint, ref, config));
  return assignment(name, direct(place(distinct(listed), placement)));
}

function selectedBy({ subset }: ClusterRef): (one: Pick<ListedEndpoint, 'labels'>) => boolean {
  const labels = subset?.spec.labels ?? {};
  return (one) => selects(labels, one.labels);
}

function instanceEndpoint(
  instance: WorkloadInstance,
  ref: ClusterRef,
  { peerAuthentications, networks }: ConfigModel,
): Candidate | undefined {
  const target = instancePort(instance, ref.port);
  if (target === undefined) return undefined;
  const { address, namespace, labels, weight, locality, cluster } = instance;
  const workloadPort = instance.ports.find((known) => known.target === target)?.port ?? target;
  const { mode } = peerAuthentications.decide(namespace, labels, workloadPort);
  const tlsMode = mode === 'DISABLE' ? 'disabled' : instance.tlsMode;
  const network = networkOf(networks, instance);
  return {
    address,
    port: target,
    locality,
    labels: withTopology(labels, { locality, network, cluster }),
    network,
    weight,
    mutual: isCalledMutually(ref, tlsMode),
    isHealthy: instance.health === 'healthy',
    endpoint: {
      ...hostIdentifier(address, target),
      healthStatus: healthOf[instance.health],
      loadBalancingWeight: Math.max(1, weight),
      metadata: metadata([], { ...transportMatch(tlsMode), istio: { workload: workloadLabel(instance) } }),
    },
  };
}

/** By it a cluster chooses how it speaks to an endpoint. */
const transportMatch = (tlsMode: 'istio' | 'disabled') =>
  tlsMode === 'istio' ? { 'envoy.transport_socket_match': { tlsMode } } : {};

/** Istio's endpoint label: `workload;namespace;canonical name;canonical revision;cluster`. */
function workloadLabel({ workload, namespace, labels, cluster }: WorkloadInstance): string {
  const name = canonicalName(labels, workload);
  return [workload, namespace, name, canonicalRevision(labels), cluster].join(';');
}

/** Whether mTLS is spoken to it: as a DestinationRule says, else (and of what is passed on) by what it takes. */
function isCalledMutually(ref: ClusterRef, tlsMode: 'istio' | 'disabled'): boolean {
  const { service, settings, onlyMutual } = ref;
  const mode = onlyMutual ? undefined : settings.tls?.mode;
  return mode === undefined ? tlsMode === 'istio' && !service.external : mode === 'ISTIO_MUTUAL';
}

function listedEndpoint(listed: ListedEndpoint, ref: ClusterRef, { networks }: ConfigModel): Candidate {
  const { address, ports, locality, weight, tlsMode } = listed;
  const { port, service } = ref;
  // A port may be called constructor.
  const own = Object.hasOwn(ports, port.name) ? ports[port.name] : undefined;
  const target = own ?? (typeof port.targetPort === 'number' ? port.targetPort : port.number);
  const network = networkOf(networks, { ...listed, cluster: '' });
  return {
    address,
    port: target,
    locality,
    labels: withTopology(listed.labels, { locality, network, cluster: '' }),
    network,
    weight,
    mutual: isCalledMutually(ref, tlsMode),
    isHealthy: true,
    endpoint: {
      ...hostIdentifier(address, target),
      loadBalancingWeight: weight,
      ...(tlsMode === 'istio' && !service.external && { metadata: metadata([], transportMatch(tlsMode)) }),
    },
  };
}

/** An address as Envoy has it in an endpoint; a path (or `@name`) is a Unix socket. */
export const hostIdentifier = (address: string, port: number): Pick<LbEndpoint, 'hostIdentifier'> => ({
  hostIdentifier: { case: 'endpoint', value: { address: addressOf(address, port) } },
});

/** Each address once, in the same order in whatever order endpoints were found. */
function distinct(candidates: readonly Candidate[]): readonly Candidate[] {
  const unique = new Map<string, Candidate>();
  for (const candidate of candidates) {
    const key = `${candidate.address} ${candidate.port}`;
    if (!unique.has(key)) unique.set(key, candidate);
  }
  return [...unique.values()].toSorted((a, b) => compare(a.address, b.address) || a.port - b.port);
}

/** Under this key of `filter_metadata` an endpoint that stands for those of another network says so. */
const networkMetadataKey = 'tulle.dev/network';

/** A gateway between networks, called as those behind it would be. */
const gatewayEndpoint = ({ gateway, network, isHealthy }: Behind): LbEndpoint => ({
  ...hostIdentifier(gateway.address, gateway.port),
  healthStatus: isHealthy ? healthOf.healthy : healthOf.unhealthy,
  metadata: metadata(gateway.service === undefined ? [] : [gateway.service.origin], {
    ...transportMatch('istio'),
    [networkMetadataKey]: { network, ...gatewayName(gateway.service) },
  }),
});

const gatewayName = (service: Service | undefined) =>
  service === undefined ? {} : { gateway: `${service.namespace}/${service.name}` };

const direct = (groups: readonly Group<Candidate>[]): readonly Group<LbEndpoint>[] =>
  groups.map((group) => ({ ...group, members: group.members.map(({ endpoint }) => endpoint) }));

/** Weights of one locality may add up to no more than 32 bits hold (Envoy); what is too much is cut as by Istio. */
const mostWeight = 2 ** 32 - 1;

const reached = (groups: ReturnType<typeof throughGateways<Candidate>>): readonly Group<LbEndpoint>[] =>
  groups.map((group) => ({
    ...group,
    members: group.members.map(({ to, weight }) => ({
      ...('endpoint' in to ? to.endpoint.endpoint : gatewayEndpoint(to)),
      loadBalancingWeight: Math.min(weight, mostWeight),
    })),
  }));

/** By priority, locality, then address. */
const assignment = (clusterName: string, groups: readonly Group<LbEndpoint>[]): LoadAssignment => ({
  clusterName,
  endpoints: groups.map(({ locality, priority, weight, members }) => ({
    ...localityFields(locality),
    lbEndpoints: [...members],
    loadBalancingWeight: weight,
    priority,
  })),
});

/** @param name `region/zone/subzone`, or empty */
export function localityFields(name: string): Pick<LocalityEndpoints, 'locality'> {
  const [region = '', zone = '', subZone = ''] = name.split('/');
  return name === '' ? {} : { locality: { region, zone, subZone } };
}
