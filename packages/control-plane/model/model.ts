import type { Resource } from '@tulle/resources/kind';
import type { Problem } from '@tulle/resources/problem';
import { type Basis, basisOf } from './basis.ts';
import { type AccountIndex, indexAccounts } from './instances/accounts.ts';
import type { WorkloadInstance } from './instances/instance.ts';
import { type InstanceIndex, type InstanceSources, indexInstances } from './instances/instances.ts';
import { checkWorkloadEntries, workloadEntryInstance } from './instances/workload-entry.ts';
import { indexWorkloads, type WorkloadIndex } from './instances/workloads.ts';
import type { ServiceEntrySpec } from './istio.ts';
import { discovered } from './mesh/discovery-selectors.ts';
import { type MeshSettings, type MeshSpec, meshSettings } from './mesh/mesh.ts';
import {
  type GatewayNames,
  indexNetworks,
  type NetworkConfig,
  type Networks,
  networkConfig,
} from './mesh/networks.ts';
import { compare, originOf, resourceKey } from './origin.ts';
import { checkVirtualServices, ProblemList } from './problems.ts';
import { type Credential, credentialsOf } from './security/credential.ts';
import { indexPeerAuthentications, type PeerAuthenticationIndex } from './security/peer-authentication.ts';
import {
  indexRequestAuthentications,
  type KeySets,
  type RequestAuthenticationIndex,
} from './security/request-authentication.ts';
import { serviceHost } from './services/host.ts';
import { kubernetesService } from './services/kubernetes-service.ts';
import { indexServices, type ServiceIndex } from './services/service.ts';
import { serviceAddresses } from './services/service-addresses.ts';
import { decorated, mayListEntries, serviceEntryServices } from './services/service-entry.ts';
import { type DestinationRuleIndex, indexDestinationRules } from './traffic/destination-rule.ts';
import { type EnvoyFilterIndex, indexEnvoyFilters } from './traffic/envoy-filter.ts';
import { type Gateway, gatewaysOf } from './traffic/gateway.ts';
import { checkHealthChecks, type HealthCheckIndex, indexHealthChecks } from './traffic/health-check.ts';
import { checkLimits, indexLimits, type Limits } from './traffic/limits.ts';
import { indexSidecars, type SidecarIndex } from './traffic/sidecar.ts';
import { type VirtualService, virtualServicesOf } from './traffic/virtual-service.ts';

/** What users wrote, indexed. One object per change of resources: compile's caches hang on its identity. */
export interface ConfigModel {
  readonly mesh: MeshSettings;
  /** Whether the mesh looks at a namespace. */
  readonly isDiscovered: (namespace: string) => boolean;
  /** Roots of the mesh's identities, PEM; undefined: proxies have them from elsewhere. */
  readonly trustBundle: string | undefined;
  readonly services: ServiceIndex;
  /** Virtual addresses, by the service's key. */
  readonly serviceAddresses: ReadonlyMap<string, readonly string[]>;
  /** The oldest first. */
  readonly virtualServices: readonly VirtualService[];
  readonly destinationRules: DestinationRuleIndex;
  readonly healthChecks: HealthCheckIndex;
  readonly peerAuthentications: PeerAuthenticationIndex;
  readonly requestAuthentications: RequestAuthenticationIndex;
  /** Key sets of issuers as they were fetched, by where they are. */
  readonly keySets: KeySets;
  readonly sidecars: SidecarIndex;
  readonly networks: NetworkConfig;
  readonly envoyFilters: EnvoyFilterIndex;
  readonly limits: Limits;
  /** The oldest first. */
  readonly gateways: readonly Gateway[];
  readonly credentials: ReadonlyMap<string, Credential>;
  readonly workloads: readonly Resource[];
  /** Some service may be made of WorkloadEntries; else they are instances and nothing more. */
  readonly entriesAreListed: boolean;
  readonly basis: Basis;
  /** By `resourceKey`. */
  readonly resources: ReadonlyMap<string, Resource>;
  /** References that lead nowhere, by `resourceKey`. */
  readonly problems: ReadonlyMap<string, readonly Problem[]>;
}

/** Configuration and who runs where. Immutable; parts that did not change are the same objects as before. */
export interface Model {
  readonly config: ConfigModel;
  readonly instances: InstanceIndex;
  readonly accounts: AccountIndex;
  readonly workloads: WorkloadIndex;
  readonly networks: Networks;
}

export interface ModelInput {
  /** The spec of the Mesh resource. */
  readonly mesh: MeshSpec;
  /** Of all kinds, in any order; kinds without meaning here are ignored. Already validated. */
  readonly resources: readonly Resource[];
  /** From discovery. A WorkloadEntry among the resources is an instance by itself. */
  readonly instances: readonly WorkloadInstance[];
  /** PEM. Sent to our proxies as the secret ROOTCA. */
  readonly trustBundle?: string;
  /** Key sets of issuers that were fetched: JSON, by URL. */
  readonly keySets?: KeySets;
  /** Addresses of network gateways that have names. */
  readonly gatewayNames?: GatewayNames;
}

const noKeySets: KeySets = new Map();

/**
 * Equal input, in any order, gives an equal model. Never throws on resources that passed their schema.
 * @param previous what did not change is taken from it
 */
export function buildModel(input: ModelInput, previous?: Model): Model {
  const config = buildConfig(input, previous?.config);
  const entries = input.resources.filter(({ kind }) => kind === 'WorkloadEntry');
  const found = { discovered: input.instances, written: asInstances(entries) };
  return withInstances(config, found, input.gatewayNames, previous);
}

/**
 * Another set of instances under the same configuration: routes and rules are not looked at.
 * @param entries the WorkloadEntries, where they are others than before; not for a configuration that lists them
 * @param gatewayNames addresses of network gateways, where they are others than before
 */
export function updateInstances(
  model: Model,
  instances: readonly WorkloadInstance[],
  entries?: readonly Resource[],
  gatewayNames = model.networks.names,
): Model {
  const written = entries === undefined ? model.instances.sources.written : asInstances(entries);
  return withInstances(model.config, { discovered: instances, written }, gatewayNames, model);
}

const asInstances = (entries: readonly Resource[]): readonly WorkloadInstance[] =>
  entries.flatMap((entry) => workloadEntryInstance(entry) ?? []);

function withInstances(
  config: ConfigModel,
  found: Pick<InstanceSources, 'discovered' | 'written'>,
  names: GatewayNames | undefined,
  previous: Model | undefined,
): Model {
  const sources = { ...found, isSeen: config.isDiscovered };
  const instances = indexInstances(config.services, sources, previous?.instances);
  const accounts = indexAccounts(config, instances, previous);
  const workloads = indexWorkloads(config, instances, previous);
  const networks = indexNetworks(config.networks, instances, names, previous?.networks);
  return { config, instances, accounts, workloads, networks };
}

function buildConfig(
  { mesh, resources, trustBundle, keySets = noKeySets }: ModelInput,
  previous?: ConfigModel,
): ConfigModel {
  const settings = meshSettings(mesh);
  const namespaces = resources.filter(({ kind }) => kind === 'Namespace');
  const isDiscovered = discovered(settings.discoverySelectors, namespaces);
  const sorted = resources
    .filter(({ metadata }) => isDiscovered(metadata.namespace ?? ''))
    .toSorted((a, b) => compare(resourceKey(originOf(a)), resourceKey(originOf(b))));
  const byKind = Map.groupBy(sorted, (resource) => resource.kind);
  const of = (kind: string): readonly Resource[] => byKind.get(kind) ?? [];
  const { exportTo } = settings;
  const hosts = new Set([
    ...of('Service').map(({ metadata }) => serviceHost(metadata.name, metadata.namespace ?? '')),
    ...of('ServiceEntry').flatMap(({ spec }) =>
      (spec as ServiceEntrySpec).hosts.map((host) => host.toLowerCase()),
    ),
  ]);
  const isKnown = (host: string): boolean => hosts.has(host);
  const problems = new ProblemList();
  const entries = of('ServiceEntry').flatMap((entry) => serviceEntryServices(entry, of('WorkloadEntry')));
  const entriesAreListed = of('ServiceEntry').some(mayListEntries);
  const basis = basisOf({ byKind, mesh, trustBundle, keySets, entriesAreListed }, previous?.basis);
  const kept = previous?.basis.ofClusters === basis.ofClusters ? previous : undefined;
  const services =
    kept?.services ??
    indexServices(
      [...of('Service').map((service) => decorated(kubernetesService(service), entries)), ...entries].map(
        (service) => exportedBy(service, exportTo.services),
      ),
    );
  const gateways = gatewaysOf(of('Gateway').filter(isIstio));
  const virtualServices = virtualServicesOf(of('VirtualService'), isKnown, problems.add).map((service) =>
    exportedBy(service, exportTo.virtualServices),
  );
  const destinationRules =
    kept?.destinationRules ??
    indexDestinationRules(of('DestinationRule'), isKnown, exportTo.destinationRules);
  const healthChecks = kept?.healthChecks ?? indexHealthChecks(of('HealthCheckPolicy'), isKnown);
  const gatewaysByKey = new Map(gateways.map((gateway) => [gateway.key, gateway]));
  checkWorkloadEntries(of('WorkloadEntry'), services.all, problems.add);
  checkHealthChecks(healthChecks, services, destinationRules, problems.add);
  const limits = indexLimits(of);
  checkLimits(limits, { gateways: gatewaysByKey, virtualServices }, problems.add);
  checkVirtualServices(virtualServices, services, destinationRules, gatewaysByKey, problems.add);
  return {
    basis,
    entriesAreListed,
    mesh: kept?.mesh ?? settings,
    isDiscovered,
    trustBundle,
    services,
    serviceAddresses: kept?.serviceAddresses ?? serviceAddresses(services.all, settings.serviceAddresses),
    virtualServices,
    destinationRules,
    healthChecks,
    limits,
    peerAuthentications: indexPeerAuthentications(of('PeerAuthentication'), settings.mtls),
    requestAuthentications: indexRequestAuthentications(of('RequestAuthentication'), problems.add),
    keySets,
    sidecars: indexSidecars(of('Sidecar'), problems.add),
    networks:
      kept?.networks ?? networkConfig(mesh.meshNetworks ?? {}, services, of('Service'), of('Namespace')),
    envoyFilters: indexEnvoyFilters(of('EnvoyFilter'), problems.add),
    gateways,
    credentials: credentialsOf(of('Secret')),
    workloads: kept?.workloads ?? of('Workload'),
    resources: new Map(sorted.map((resource) => [resourceKey(originOf(resource)), resource])),
    problems: problems.byResource,
  };
}

/** A resource that says nothing of who sees it is seen as the mesh says. */
const exportedBy = <T extends { readonly exportTo: readonly string[] }>(
  one: T,
  exportTo: readonly string[],
): T => (one.exportTo.length > 0 || exportTo.length === 0 ? one : { ...one, exportTo });

/** Not `gateway.networking.k8s.io`, whose Gateway is another kind of the same name. */
const isIstio = (resource: Resource): boolean => resource.apiVersion.startsWith('networking.istio.io/');
